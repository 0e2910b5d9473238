import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { ProblemBody } from "@mosis/types/problems";
import { batchOf, openApp } from "./sending.ts";
import { eventually, freshKafka, nextPosition, startIngest } from "./support.ts";

// Guards the invariant "a body costs no more than its limits" (INVARIANTS.md).
test("five kilobytes that unfold into millions of parts are refused before they are parsed", async (t) => {
  const { send } = await openApp(t, await freshKafka());
  const nested = `${"[".repeat(2_600_000)}${"]".repeat(2_600_000)}`;
  const deep = `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`;
  const bodies = [
    `{"batch_id":"${randomUUID()}","events":[${nested}]}`,
    `{"batch_id":"${randomUUID()}","events":[],"discarded":[${"{},".repeat(1_700_000)}{}]}`,
    `{"batch_id":"${randomUUID()}","events":[${`${deep},`.repeat(800)}1]}`,
  ];
  for (const body of bodies) {
    const packed = gzipSync(body);
    assert.ok(packed.length < 20_000);
    const before = process.memoryUsage().heapUsed;
    const answer = await send(packed, { "content-encoding": "gzip" });
    const { code } = (await answer.json()) as ProblemBody;
    assert.deepEqual([answer.status, code], [422, "batch_invalid"]);
    const grownMb = (process.memoryUsage().heapUsed - before) / 1e6;
    assert.ok(grownMb < 50, `${grownMb} MB: it was parsed`);
  }
  const many = { ...batchOf([]), discarded: Array.from({ length: 21 }, () => 1) };
  const answer = await send(many);
  const { errors } = (await answer.json()) as ProblemBody;
  assert.deepEqual([answer.status, errors?.map(({ pointer }) => pointer)], [422, ["/discarded"]]);
});

// Guards: a revoked or expired key stops working within 5 s, also for a body that takes longer to arrive.
test("a key that is revoked while its body arrives is refused", async (t) => {
  const { url, secret, key, producer, send } = await openApp(t, await freshKafka());
  const body = JSON.stringify(batchOf([]));
  const socket = await opened(t, url, head(secret, `Content-Length: ${body.length}`));
  socket.write(body.slice(0, 10));
  await producer.send([
    { topic: "catalog.keys", messages: [{ key: key.key_id, value: null, headers: nextPosition() }] },
  ]);
  await eventually(async () => assert.equal((await send(batchOf([]))).status, 401));
  socket.write(body.slice(10));
  const [answer] = (await once(socket, "data")) as Buffer[];
  assert.match(String(answer), /^HTTP\/1\.1 401 /);
});

test("bodies that began together are bounded together", async (t) => {
  const kafka = await freshKafka();
  const { url } = await startIngest(t, kafka, { heldBytesMax: 1_000_000 });
  const app = await openApp(t, kafka);
  await eventually(async () => {
    const answer = await fetch(`${url}/v1/telemetry/batches`, {
      method: "POST",
      headers: { authorization: `Bearer ${app.secret}`, "content-type": "application/json" },
      body: JSON.stringify(batchOf([])),
    });
    assert.equal(answer.status, 202);
  });
  const sockets = await Promise.all(
    Array.from({ length: 4 }, () => opened(t, url, head(app.secret, "Content-Length: 900000"))),
  );
  const answers = sockets.map((socket) => once(socket, "data"));
  for (const socket of sockets) socket.write(" ".repeat(400_000));
  const [first] = (await Promise.race(answers)) as Buffer[];
  assert.match(String(first), /^HTTP\/1\.1 503 /);
  for (const socket of sockets) socket.destroy();
});

// Slow senders hold memory for as long as a body may take.
test("slow bodies of one account or address leave room for those of others", async (t) => {
  const kafka = await freshKafka();
  const { url } = await startIngest(t, kafka, { heldBytesMax: 1_000_000, trustedProxies: ["127.0.0.0/8"] });
  const [greedy, other] = [await openApp(t, kafka), await openApp(t, kafka)];
  const post = (secret: string, address: string) =>
    fetch(`${url}/v1/telemetry/batches`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${secret}`,
        "content-type": "application/json",
        "x-forwarded-for": address,
      },
      body: JSON.stringify(batchOf([])),
    });
  for (const { secret } of [greedy, other]) {
    await eventually(async () => assert.equal((await post(secret, "192.0.2.9")).status, 202));
  }
  // Many bodies of one account from many addresses, then of both accounts from one address.
  const floods = [
    Array.from({ length: 12 }, (_, n) => [greedy.secret, `192.0.2.${100 + n}`] as const),
    Array.from({ length: 12 }, (_, n) => [[greedy, other][n % 2]?.secret ?? "", "192.0.2.200"] as const),
  ];
  for (const flood of floods) {
    const sockets = await Promise.all(
      flood.map(([secret, address]) =>
        opened(t, url, head(secret, `Content-Length: 200000\r\nX-Forwarded-For: ${address}`)),
      ),
    );
    const refused = sockets.map((socket) => once(socket, "data"));
    for (const socket of sockets) socket.write(" ".repeat(90_000));
    const [first] = (await Promise.race(refused)) as Buffer[];
    assert.match(String(first), /^HTTP\/1\.1 503 [^]*a quarter of what may arrive/);
    assert.equal((await post(other.secret, "192.0.2.9")).status, 202);
    for (const socket of sockets) socket.destroy();
  }
});

test("a refused body without an end is cut off", async (t) => {
  const { url } = await openApp(t, await freshKafka());
  const socket = await opened(t, url, head("nobody", "Transfer-Encoding: chunked"));
  let sent = 0;
  const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
  const flood = () => {
    while (!socket.destroyed && sent < 200_000_000) {
      sent += chunk.length;
      if (socket.write(chunk)) continue;
      socket.once("drain", flood);
      return;
    }
  };
  // The server cuts while we write, so this side sees a reset.
  socket.on("error", () => socket.destroy());
  socket.resume();
  const closed = new Promise((resolve) => void socket.once("close", resolve));
  flood();
  await closed;
  assert.ok(sent < 100_000_000, `${sent} bytes were taken`);
});

function head(secret: string, length: string): string {
  return (
    "POST /v1/telemetry/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
    `Authorization: Bearer ${secret}\r\n${length}\r\n\r\n`
  );
}

async function opened(t: TestContext, url: string, start: string): Promise<Socket> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.write(start);
  return socket;
}
