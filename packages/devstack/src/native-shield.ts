// Stands between clients and the native port of the embedded ClickHouse, which would end when it refuses a
// login, or when a handshake breaks off: see http-shield.ts.
import { createServer, connect, type Socket } from "node:net";
import { unreadMsMax } from "./http-shield.ts";
import {
  addendumBytes,
  exceptionBytes,
  type Hello,
  packetBytesMax,
  readAddendum,
  readHello,
} from "./native-hello.ts";

/**
 * The longest wait for a packet, the same as ClickHouse's.
 * @limit a native handshake with the embedded ClickHouse
 */
const packetMsMax = 10_000;
/** Protocol revisions of clients from 2020 on. For others, the server's answer has another form. */
const revisions = { min: 54_400, max: 60_000 };

/** Error codes of ClickHouse. */
const codes = { unexpectedPacket: 101, authenticationFailed: 516, clientIsTooOld: 32 } as const;

export interface NativeShield {
  /** The port where clients connect. */
  port: number;
  /** The port where ClickHouse listens. */
  innerTcpPort: number;
  innerHttpPort: number;
}

/** Listens for clients. A client is refused as long as ClickHouse does not listen. */
export async function shieldNativePort({ port, innerTcpPort, innerHttpPort }: NativeShield): Promise<void> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    void admit(client, innerHttpPort, innerTcpPort);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, resolve);
  });
}

/** Passes a native connection on when its Hello is one that ClickHouse accepts. */
async function admit(client: Socket, innerHttpPort: number, innerTcpPort: number): Promise<void> {
  // A client that has gone away gets no answer.
  client.on("error", () => client.destroy());
  const received = await untilRead(client, readHello, Buffer.alloc(0));
  if (received === null) {
    client.destroy();
    return;
  }
  const { packet: hello, bytes } = received;
  const refusal = hello === "invalid" ? notHello : await refusalOf(hello, innerHttpPort);
  if (client.destroyed) return;
  if (refusal !== null || hello === "invalid") refuse(client, refusal ?? notHello);
  else await relay(client, { port: innerTcpPort, bytes, hello });
}

function refuse(client: Socket, { code, message }: Refusal): void {
  client.end(exceptionBytes(code, message));
  client.resume().on("end", () => client.destroy());
}

/**
 * Passes bytes both ways. When a client goes away or does not read, ClickHouse sees the end of what it sends:
 * we read ClickHouse's answer to its end and discard it.
 */
async function relay(client: Socket, { port, bytes, hello }: Admitted): Promise<void> {
  const inner = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const { revision, length: helloLength } = hello;
  let unread: NodeJS.Timeout | undefined;
  const forget = () => {
    clearTimeout(unread);
    client.destroy();
    inner.end();
    inner.resume();
  };
  inner.on("data", (answer) => {
    if (client.destroyed || client.write(answer)) return;
    inner.pause();
    unread = setTimeout(forget, unreadMsMax);
  });
  client.on("drain", () => {
    clearTimeout(unread);
    inner.resume();
  });
  inner.on("end", () => client.end());
  // ClickHouse has ended, or closes before it has read everything: the client gets the answer so far.
  inner.on("error", () => client.destroy()).on("close", () => client.end());

  inner.write(bytes.subarray(0, helloLength));
  const read = (found: Buffer) => readAddendum(found, revision);
  const addendum = await untilRead(client, read, bytes.subarray(helloLength));
  if (addendum === null || addendum.packet === "invalid") {
    // ClickHouse would end when a client leaves in the middle, so this connection ends in order.
    inner.end(addendumBytes(revision));
    if (addendum === null) forget();
    else refuse(client, notHello);
    return;
  }
  inner.write(addendum.bytes);
  client.on("data", (more) => {
    if (!inner.write(more)) client.pause();
  });
  inner.on("drain", () => client.resume());
  client.on("end", () => inner.end());
  client.on("close", forget);
  client.resume();
}

interface Admitted {
  port: number;
  /** The bytes that the client has sent so far: its Hello, and perhaps more. */
  bytes: Buffer;
  hello: Hello;
}

interface Refusal {
  code: number;
  message: string;
}

const notHello: Refusal = {
  code: codes.unexpectedPacket,
  message: "DB::Exception: Unexpected packet from client: this is ClickHouse's native port",
};

/**
 * Gathers a packet, beginning with the bytes that have come already. Later bytes stay paused.
 * @returns the packet with all bytes that have come; null when the client ended, or took too long.
 */
function untilRead<T>(
  client: Socket,
  read: (bytes: Buffer) => T | "invalid" | null,
  before: Buffer,
): Promise<{ bytes: Buffer; packet: T | "invalid" } | null> {
  return new Promise((resolve) => {
    let bytes = before;
    const settle = (packet: T | "invalid" | null) => {
      clearTimeout(timer);
      client.off("data", onData).off("end", onEnd).off("close", onEnd).pause();
      resolve(packet && { bytes, packet });
    };
    const onEnd = () => settle(null);
    const tryRead = () => {
      const packet = read(bytes.subarray(0, packetBytesMax));
      if (packet !== null) settle(packet);
    };
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      tryRead();
    };
    const timer = setTimeout(onEnd, packetMsMax);
    client.on("data", onData).on("end", onEnd).on("close", onEnd);
    if (client.destroyed || client.readableEnded) onEnd();
    else {
      client.resume();
      tryRead();
    }
  });
}

/** Logs in over HTTP, where a refusal is only an answer. Returns the refusal, if any. */
async function refusalOf(hello: Hello, httpPort: number): Promise<Refusal | null> {
  const { revision, database, user, password } = hello;
  if (revision < revisions.min || revision > revisions.max) {
    return { code: codes.clientIsTooOld, message: `DB::Exception: Unknown protocol revision ${revision}` };
  }
  // A space is the first character of the markers for logins by key or by a cluster's secret, and a colon
  // ends a name in a header.
  if (user.includes(":") || user[0] === 32) {
    return { code: codes.authenticationFailed, message: "DB::Exception: Only passwords are taken here" };
  }
  const credentials = Buffer.concat([user, Buffer.from(":"), password]).toString("base64");
  const url = new URL(`http://127.0.0.1:${httpPort}/`);
  const query = database.length > 0 ? `?database=${percentEncoded(database)}` : "";
  try {
    const answer = await fetch(url.href + query, {
      method: "POST",
      headers: { authorization: `Basic ${credentials}` },
      body: "select 1",
      signal: AbortSignal.timeout(packetMsMax),
    });
    const text = await answer.text();
    if (answer.ok) return null;
    const code = Number(answer.headers.get("x-clickhouse-exception-code") ?? codes.authenticationFailed);
    return { code, message: text.replace(/^Code: \d+\. /, "").trim() };
  } catch (error) {
    return {
      code: codes.authenticationFailed,
      message: `DB::Exception: The login was not checked: ${String(error)}`,
    };
  }
}

function percentEncoded(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
