// Tests of connections over real sockets: Linux has all of 127.0.0.0/8, so one machine can be many clients.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { listen } from "@mosis/http";
import { addressRanges, createMetrics } from "@mosis/runtime";

interface Setting {
  connectionsMax?: number;
  connectionsPerAddressMax?: number;
  trusted?: string[];
}

/** A server that answers `/` at once, and every other path when the test releases it. */
async function startServer(t: TestContext, { trusted = [], ...limits }: Setting) {
  const metrics = createMetrics({ service: "test" });
  const held: (() => void)[] = [];
  const server = await listen(
    (req, res) => {
      if (req.url === "/") res.end("served");
      else held.push(() => res.end("at last"));
    },
    {
      port: 0,
      requestTimeoutMs: 60_000,
      headersTimeoutMs: 60_000,
      drainTimeoutMs: 100,
      connections: { ...limits, trustedProxies: addressRanges(trusted) },
      metrics,
    },
  );
  t.after(() => server.close());
  const count = async (name: string, reason: string) => {
    const found = await metrics.registry.getSingleMetric(name)?.get();
    return found?.values.find(({ labels }) => labels["reason"] === reason)?.value ?? 0;
  };
  return {
    held,
    refused: (reason: string) => count("http_connections_refused_total", reason),
    shed: (reason: string) => count("http_connections_shed_total", reason),
    /** Returns a connection from an address, and whether the server has ended it by now. */
    from: async (localAddress: string) => {
      const socket = connect({ port: server.port, host: "127.0.0.1", localAddress });
      t.after(() => socket.destroy());
      socket.on("error", () => socket.destroy());
      await once(socket, "connect");
      return clientOf(socket);
    },
  };
}

function clientOf(socket: Socket) {
  let received = "";
  socket.setEncoding("latin1").on("data", (text: string) => void (received += text));
  const closed = new Promise<void>((resolve) => void socket.once("close", resolve));
  const answered = async (text: string) => {
    while (!received.includes(text) && !socket.destroyed) {
      await Promise.race([once(socket, "data"), closed]);
    }
    return received.includes(text);
  };
  return {
    closed,
    answered,
    isOpen: () => !socket.destroyed,
    send: (text: string) => void socket.write(text),
    /** Sends a request that is answered at once. False when the connection was closed instead. */
    ask: () => {
      received = "";
      socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      return answered("served");
    },
  };
}

const holding = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n";

// INVARIANT 57
test("beyond its share an address loses its longest idle connection, and nobody else one", async (t) => {
  const { from, shed, refused } = await startServer(t, { connectionsPerAddressMax: 3 });
  const neighbour = await from("127.0.0.2");
  assert.ok(await neighbour.ask());
  const [first, second, third] = [await from("127.0.0.1"), await from("127.0.0.1"), await from("127.0.0.1")];
  // The first one is not the longest idle any more.
  assert.ok(await second.ask());
  assert.ok(await third.ask());
  assert.ok(await first.ask());
  const fourth = await from("127.0.0.1");
  await second.closed;
  for (const client of [first, third, fourth, neighbour]) assert.ok(await client.ask());
  assert.deepEqual([await shed("address"), await refused("address")], [1, 0]);
});

// INVARIANT 57
test("an address whose connections are all served gets no more, while another one is served", async (t) => {
  const { from, held, refused } = await startServer(t, { connectionsPerAddressMax: 2 });
  const busy = [await from("127.0.0.1"), await from("127.0.0.1")];
  for (const client of busy) client.send(holding);
  while (held.length < 2) await new Promise(setImmediate);
  for (let attempt = 0; attempt < 5; attempt++) await (await from("127.0.0.1")).closed;
  assert.equal(await refused("address"), 5);
  assert.ok(await (await from("127.0.0.2")).ask());
  for (const end of held) end();
  for (const client of busy) assert.ok(await client.answered("at last"));
  assert.ok(await (await from("127.0.0.1")).ask(), "its share is free again");
});

// INVARIANT 57
test("slow and idle connections of one host leave room for all others", async (t) => {
  const { from, shed } = await startServer(t, { connectionsMax: 300, connectionsPerAddressMax: 30 });
  const regular = await from("127.0.0.2");
  for (let n = 0; n < 200; n++) {
    const slow = await from("127.0.0.1");
    slow.send("GET / HTTP/1.1\r\nHo");
  }
  for (let n = 0; n < 1000; n++) await from("127.0.0.1");
  assert.ok(await regular.ask());
  assert.ok(await (await from("127.0.0.3")).ask());
  assert.equal(await shed("address"), 1170);
});

// INVARIANT 57
test("when all places are taken a newcomer gets the one that was idle longest, of whomever", async (t) => {
  const { from, held, shed, refused } = await startServer(t, { connectionsMax: 10 });
  const busy = await from("127.0.0.1");
  busy.send(holding);
  while (held.length < 1) await new Promise(setImmediate);
  const idle = [];
  for (let n = 2; n <= 10; n++) idle.push(await from(`127.0.0.${n}`));
  assert.ok(await (await from("127.0.0.99")).ask());
  await idle[0]?.closed;
  assert.ok(idle.slice(1).every((client) => client.isOpen()));
  assert.deepEqual([await shed("total"), await refused("total")], [1, 0]);
  held[0]?.();
  assert.ok(await busy.answered("at last"));
});

// INVARIANT 57
test("a proxy that is trusted has no share, and many clients come over it", async (t) => {
  const { from, refused, shed } = await startServer(t, {
    connectionsPerAddressMax: 2,
    trusted: ["127.0.0.1/32"],
  });
  const clients = [];
  for (let n = 0; n < 20; n++) clients.push(await from("127.0.0.1"));
  for (const client of clients) assert.ok(await client.ask());
  assert.deepEqual([await shed("address"), await refused("address")], [0, 0]);
});
