import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { problem } from "./problem.ts";

/**
 * Returns the strong entity tag (RFC 9110 §8.8.3) of an answer. Two tags are equal exactly when the texts
 * are.
 */
export function etagOf(text: string): string {
  return `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;
}

/**
 * Requires that the client sends the state that it has seen (If-Match, RFC 9110 §13.1.1), or `*` for any
 * state. Tags are compared strongly, so a weak one never matches.
 * @param ifMatch The header; undefined when the client sent none.
 * @param etag The tag of the state about to be changed, read in the same transaction.
 * @throws Problem `precondition_required` (428), `precondition_failed` (412).
 */
export function requireMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined) {
    throw problem("precondition_required", "Send the ETag of what you have read as If-Match.");
  }
  if (!tagsOf(ifMatch).some((tag) => tag === "*" || tag === etag)) {
    throw problem("precondition_failed", "The resource has changed since you read it: read it again.");
  }
}

/**
 * Returns true when the client has this state already (If-None-Match, RFC 9110 §13.1.2). Express' `req.fresh`
 * does not serve: it is false for `Cache-Control: no-cache`, which `fetch` adds to every request with an
 * If-None-Match set by its caller.
 */
export function isKnown(req: IncomingMessage, etag: string): boolean {
  const header = req.headers["if-none-match"];
  if (header === undefined) return false;
  return tagsOf(header).some((tag) => tag === "*" || tag === etag || tag === `W/${etag}`);
}

function tagsOf(header: string): string[] {
  return header.split(",").map((tag) => tag.trim());
}
