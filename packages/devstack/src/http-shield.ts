// Stands between clients and the HTTP port of the embedded ClickHouse. `clickhouse local` ends the whole
// process for an exception that a connection does not handle: a head that it cannot read, or an answer that
// cannot be sent any more. So it gets only complete, well-formed heads, and every answer is read to its end.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/**
 * ClickHouse gives up a client that does not read for 30 s, and that is such an exception, so this limit is
 * lower.
 * @limit a client of the embedded ClickHouse that does not read
 */
export const unreadMsMax = 20_000;
/** ClickHouse accepts a URL of 1 MiB, and answers with as many bytes of progress. */
const headBytesMax = 2_097_152;
const idleMsMax = 60_000;

export interface HttpShield {
  /** The port where clients connect. */
  port: number;
  /** The port where ClickHouse listens. */
  innerPort: number;
}

/** Listens for clients. A client gets a 503 as long as ClickHouse does not listen. */
export async function shieldHttpPort({ port, innerPort }: HttpShield): Promise<void> {
  // The agent follows ClickHouse's answer about how long it keeps an idle connection.
  const agent = new Agent({ keepAlive: true });
  const server = createServer({
    maxHeaderSize: headBytesMax,
    keepAliveTimeout: idleMsMax,
    requestTimeout: 0,
    noDelay: true,
  });
  // There is no limit, as in ClickHouse.
  server.maxHeadersCount = 0;
  server.on("request", (asked: IncomingMessage, answer: ServerResponse) => {
    const fault = faultOf(asked);
    if (fault === null) pass(asked, answer, { agent, innerPort });
    else answer.writeHead(400, { connection: "close" }).end(`${fault}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, resolve);
  });
}

/** Returns the fault that ClickHouse would not survive although it is valid HTTP. */
function faultOf({ url = "", headers }: IncomingMessage): string | null {
  const length = headers["content-length"];
  if (length !== undefined && !Number.isSafeInteger(Number(length))) return "Content-Length is too large";
  if (!/^\/(?:[^%]|%[0-9a-f]{2})*$/i.test(url)) return "The path has a percent sign without two digits";
  return null;
}

function pass(
  asked: IncomingMessage,
  answer: ServerResponse,
  { agent, innerPort }: { agent: Agent; innerPort: number },
): void {
  const inner = request({
    agent,
    host: "127.0.0.1",
    port: innerPort,
    method: asked.method,
    path: asked.url,
    headers: passedOn(asked.rawHeaders),
    maxHeaderSize: headBytesMax,
  });
  asked.pipe(inner);
  asked.on("error", () => {});
  // The client has gone, in the middle of its body or before it has all of its answer: ClickHouse sees the
  // end of its connection, and ends the statements that must end with their clients. We read the rest of the
  // answer.
  answer.on("close", () => {
    if (!answer.writableFinished) inner.socket?.end();
  });
  inner.on("error", () => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(503, { "retry-after": "1" }).end("ClickHouse does not answer\n");
  });
  inner.on("response", (found) => {
    answer.writeHead(found.statusCode ?? 500, found.statusMessage, passedOn(found.rawHeaders));
    pour(found, answer);
  });
}

/** Passes an answer on to its client, and discards it when the client has gone or does not read. */
function pour(found: IncomingMessage, answer: ServerResponse): void {
  let unread: NodeJS.Timeout | undefined;
  const forget = () => {
    clearTimeout(unread);
    answer.destroy();
    found.resume();
  };
  found.on("data", (bytes: Buffer) => {
    if (answer.destroyed || answer.write(bytes)) return;
    found.pause();
    unread = setTimeout(forget, unreadMsMax);
  });
  answer.on("drain", () => {
    clearTimeout(unread);
    found.resume();
  });
  answer.on("error", forget).on("close", forget);
  // ClickHouse cuts an answer off when its statement fails in the middle, and the client must see that.
  found.on("error", () => answer.destroy());
  found.on("end", () => answer.end());
}

/** Returns all headers except those that are about one connection. */
function passedOn(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
    if (!ofOneConnection.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

const ofOneConnection = new Set(["connection", "keep-alive", "proxy-connection", "expect", "upgrade"]);
