import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Bytes of an unwanted body that are still read and thrown away, so that its connection can be kept. Reading
 * a mebibyte costs 1.5 ms of CPU, many times what refusing a request costs.
 * @limit body of a refused request that is still read
 */
const restBytesMax = 262_144;
/**
 * The time that a client has to read an answer that was sent before its body was read.
 * @limit the time for the rest of that body; then its connection closes
 */
const lingerMs = 1000;

/**
 * Returns true when more of a body may come than is read without use. A chunked body may have any length, and
 * may come in single bytes, each of which costs as much as a thousand.
 */
export function isRestLong(req: IncomingMessage): boolean {
  if (req.complete) return false;
  const { "transfer-encoding": chunked, "content-length": length } = req.headers;
  return chunked !== undefined || Number(length ?? 0) > restBytesMax;
}

const lingering = new WeakSet<ServerResponse>();

/**
 * Returns true when all of an answer was sent, also when its connection is only kept for the client to read
 * it.
 */
export function isAnswered(res: ServerResponse): boolean {
  return res.writableFinished || lingering.has(res);
}

/**
 * Sends an answer whose head is written, with `Connection: close`, and reads nothing more. A connection that
 * is closed while its client still writes is reset, and the client may lose the answer. So the client gets a
 * second to read it and to close the connection itself.
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
 * Closes the connection after an answer that was given without reading the body, for example of a GET. Node
 * would go on reading whatever comes.
 */
export function closeBehindUnread(req: IncomingMessage, res: ServerResponse): void {
  if (!isRestLong(req)) return;
  res.once("finish", () => {
    if (!req.complete) req.socket.destroySoon();
  });
}
