import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * A body of so many bytes is still read and thrown away when nobody wants it, so that its connection can be
 * kept. Reading a mebibyte costs 1.5 ms of CPU, many times what refusing a request costs.
 */
const restBytesMax = 262_144;
/** How long a client has to read an answer that came before its body was taken. */
const lingerMs = 1000;

/**
 * Whether more may still come of a body than is read for nothing. One in chunks may be of any length, and of
 * single bytes, each of which costs as much as a thousand.
 */
export function isRestLong(req: IncomingMessage): boolean {
  if (req.complete) return false;
  const { "transfer-encoding": chunked, "content-length": length } = req.headers;
  return chunked !== undefined || Number(length ?? 0) > restBytesMax;
}

const lingering = new WeakSet<ServerResponse>();

/**
 * Whether all of an answer is on its way, also when its connection is only kept for the client to read it.
 */
export function isAnswered(res: ServerResponse): boolean {
  return res.writableFinished || lingering.has(res);
}

/**
 * Sends an answer whose head is written, with `Connection: close`, and reads nothing more. A connection
 * that is closed while its client still writes is reset, and the client may lose the answer: so it gets a
 * second to read it and to go away by itself.
 */
export function endUnread(res: ServerResponse, body: Uint8Array): void {
  const { req } = res;
  lingering.add(res);
  req.pause();
  res.write(body);
  const end = setTimeout(() => res.end(), lingerMs);
  res.once("close", () => clearTimeout(end));
}

/**
 * Closes the connection behind an answer that was given without the body being read, of a GET for example.
 * Node would read and throw away whatever comes, for as long as it comes.
 */
export function closeBehindUnread(req: IncomingMessage, res: ServerResponse): void {
  if (!isRestLong(req)) return;
  res.once("finish", () => {
    if (!req.complete) req.socket.destroySoon();
  });
}
