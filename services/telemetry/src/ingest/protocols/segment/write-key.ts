import { gunzipSync, inflateSync } from "node:zlib";
import type { SentBody } from "../../reading/body.ts";

/**
 * The bytes of a body whose key is not in a header: Segment allows a batch as many. Such a body is read
 * before anybody knows who sends it.
 */
export const openBodyLimits = { bytesMax: 524_288, piecesMax: 256 };

/** The bytes that are inflated of such a body, which takes 0.7 ms. */
const inflatedBytesMax = 131_072;
/** How many keys are looked at from the beginning of a body, besides one from its end. */
const placesMax = 8;
/** How near to the end of a body the last key stands: mobile SDKs write it behind the list of calls. */
const tailBytes = 4096;

/**
 * Finds the write keys that a body may be sent with, as `Bearer <key>`, without parsing it: the name counts
 * wherever it stands, in a call too. Parsing the body then shows which is the key of the request.
 */
export function writeKeysIn({ pieces, coding }: SentBody): string[] {
  const sent = joined(pieces);
  const bytes = coding.inflate === null ? sent : beginningOf(sent, coding.name);
  if (bytes === null) return [];
  const keys = new Set<string>();
  let at = bytes.indexOf(name);
  for (let place = 0; at >= 0 && place < placesMax; place++) {
    addKey(keys, bytes, at);
    at = bytes.indexOf(name, at + name.length);
  }
  if (at >= 0) {
    const tail = bytes.subarray(-tailBytes);
    addKey(keys, tail, tail.lastIndexOf(name));
  }
  return [...keys];
}

/**
 * The buffer serves one body at a time: half a mebibyte for a stranger's request would be garbage a moment
 * later.
 */
const room = Buffer.allocUnsafeSlow(openBodyLimits.bytesMax);

/** Joins a body. The bytes are valid until the next body is joined. */
function joined(pieces: readonly Buffer[]): Buffer {
  let length = 0;
  for (const piece of pieces) length += piece.copy(room, length);
  return room.subarray(0, length);
}

const name = Buffer.from('"writeKey"');
/** Matches the key behind the name. A key has 48 characters. */
const value = /^\s{0,8}:\s{0,8}"(\w{1,100})"/;

function addKey(keys: Set<string>, bytes: Buffer, at: number): void {
  if (at < 0) return;
  const from = at + name.length;
  const key = value.exec(bytes.toString("latin1", from, from + 120))?.[1];
  if (key !== undefined) keys.add(`Bearer ${key}`);
}

/** Returns null for a larger body, and for codings that take milliseconds to find that out. */
function beginningOf(sent: Buffer, coding: string): Buffer | null {
  const inflate = coding === "deflate" ? inflateSync : coding.endsWith("gzip") ? gunzipSync : null;
  if (inflate === null) return null;
  try {
    return inflate(sent, { maxOutputLength: inflatedBytesMax, chunkSize: 65_536 });
  } catch {
    // The body is too large, or not in this coding. A client with a key may put it into a header, and then
    // learns what is wrong.
    return null;
  }
}
