// Opens a proxy to the run's broker that a test can stop without stopping the broker for other tests.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface KafkaDoor {
  /** The `host:port` where clients find the broker. */
  address: string;
  /** Stops passing bytes. All connections stay open, including new ones: like a broker after SIGSTOP. */
  stop(): void;
  /** Returns the number of connections on which a client has waited for an answer since then. */
  waiting(): number;
}

/**
 * Opens the proxy. A broker answers with its own address when a client asks for the cluster; the proxy
 * replaces it with its own.
 */
export async function openKafkaDoor(t: TestContext, broker: string): Promise<KafkaDoor> {
  const [host = "", port = ""] = broker.split(":");
  const sockets = new Set<Socket>();
  const waiting = new Set<Socket>();
  let isStopped = false;
  let own: Buffer = Buffer.alloc(0);
  const theirs = addressOf(host, Number(port));

  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    client.on("close", () => sockets.delete(client));
    if (isStopped) {
      client.on("data", () => waiting.add(client));
      return;
    }
    const upstream = connect(Number(port), host);
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    upstream.on("close", () => {
      sockets.delete(upstream);
      if (!isStopped) client.destroy();
    });
    client.on("close", () => upstream.destroy());
    client.on("data", (bytes: Buffer) => {
      if (isStopped) waiting.add(client);
      else upstream.write(bytes);
    });
    const wholeMessages = openMessages();
    upstream.on("data", (bytes: Buffer) => {
      for (const message of wholeMessages(bytes)) {
        if (!isStopped) client.write(replaced(message, theirs, own));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port: ownPort } = server.address() as AddressInfo;
  own = addressOf(host, ownPort);
  return {
    address: `${host}:${ownPort}`,
    stop: () => void (isStopped = true),
    waiting: () => waiting.size,
  };
}

/** Encodes a host and a port as answers of Kafka do: a text with its length in front, and four bytes. */
function addressOf(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(2 + host.length + 4);
  bytes.writeUInt16BE(host.length);
  bytes.write(host, 2, "latin1");
  bytes.writeUInt32BE(port, 2 + host.length);
  return bytes;
}

/** Joins the pieces of messages: each message has its length in four bytes in front. */
function openMessages(): (bytes: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const whole: Buffer[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
      const end = 4 + rest.readUInt32BE();
      whole.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    return whole;
  };
}

function replaced(message: Buffer, from: Buffer, to: Buffer): Buffer {
  for (let at = message.indexOf(from); at >= 0; at = message.indexOf(from, at + to.length))
    to.copy(message, at);
  return message;
}
