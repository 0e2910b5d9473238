import type { IncomingMessage } from "node:http";
import { newId } from "@mosis/runtime";

const ids = new WeakMap<IncomingMessage, string>();

/**
 * Returns the id of a request: the client's `X-Request-Id` when it is 1–64 characters of `A-Z a-z 0-9 _ - .`,
 * otherwise a new UUIDv7. Every call returns the same id.
 */
export function requestId(req: IncomingMessage): string {
  const known = ids.get(req);
  if (known !== undefined) return known;
  const sent = req.headers["x-request-id"];
  const id = typeof sent === "string" && /^[\w.-]{1,64}$/.test(sent) ? sent : newId();
  ids.set(req, id);
  return id;
}
