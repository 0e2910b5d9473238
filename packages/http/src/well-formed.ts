import { isUtf8 } from "node:buffer";
import type { ProblemDetail } from "@mosis/types/problems";
import { escapePointer } from "./oversize.ts";
import { problem } from "./problem.ts";

/** The greatest number of faults that are reported for one body. */
const faultsMax = 20;

/**
 * Refuses JSON with half of a surrogate pair in a text or a key. No store accepts it: it would be stored as
 * U+FFFD, which is not the text that was sent, and two texts that differ only in it would become one.
 * @param text The text that `root` was parsed from. Only an escape can contain such a half; text in UTF-8
 * cannot.
 * @throws Problem `invalid_request` (400) with a pointer to each.
 */
export function requireWellFormed(root: unknown, text: string): void {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return;
  const errors: ProblemDetail[] = [];
  const left: { value: unknown; pointer: string }[] = [{ value: root, pointer: "" }];
  for (let at = left.pop(); at !== undefined && errors.length < faultsMax; at = left.pop()) {
    const { value, pointer } = at;
    if (typeof value === "string" && !value.isWellFormed()) errors.push(fault(pointer));
    if (typeof value !== "object" || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      const place = `${pointer}/${escapePointer(key.toWellFormed())}`;
      if (key.isWellFormed()) left.push({ value: child, pointer: place });
      else errors.push(fault(place));
    }
  }
  if (errors.length === 0) return;
  const detail = "The body has text that is not valid Unicode; see errors.";
  throw problem("invalid_request", detail, { errors: errors.slice(0, faultsMax) });
}

function fault(pointer: string): ProblemDetail {
  return {
    pointer,
    code: "ill_formed",
    message: "has half of a surrogate pair, which is not a character",
    fix: "Send whole characters: both halves of a pair, or the character in UTF-8.",
  };
}

/**
 * Refuses a path or query that is not UTF-8 in percent-encoding. It would be read as other text than was
 * sent.
 * @param target The target of the request: `/v1/apps?limit=1`.
 * @throws Problem `invalid_request` (400).
 */
export function requireWellFormedTarget(target: string): void {
  if (isPlain(target)) return;
  const isAscii = /^[\x21-\x7e]*$/.test(target);
  if (isAscii && isUtf8(bytesOf(target))) return;
  throw problem("invalid_request", "Send path and query as UTF-8 in percent-encoding (RFC 3986 §2.5).");
}

/**
 * Returns the bytes that percent-encoding stands for. A percent sign that begins no encoding stands for
 * itself.
 */
function bytesOf(target: string): Buffer {
  const bytes = target.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1");
}

/** Returns true when there is nothing to decode, as in most targets. */
function isPlain(target: string): boolean {
  return /^[\w/.:?&=,~+-]*$/.test(target);
}
