import { gunzipSync, inflateSync } from "node:zlib";
import type { SentBody } from "../../reading/body.ts";

/**
 * A body whose key is not in a header may have so many bytes: that is what Segment allows a batch. It is read
 * before anybody knows who sends it.
 */
export const openBodyLimits = { bytesMax: 524_288, piecesMax: 256 };

/** What is inflated of such a body, which takes 0.7 ms. */
const inflatedBytesMax = 131_072;
/** Keys that are looked at from the beginning of a body, and one from its end. */
const placesMax = 8;
/** How near to the end of a body the last key stands: mobile SDKs write it behind the list of calls. */
const tailBytes = 4096;

/**
 * The write keys that a body may be sent with, as `Bearer <key>`, without parsing it: wherever the name
 * stands, in a call too. Whether it is the key of the request is seen when the body is parsed.
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

/** For one body at a time: half a mebibyte of a stranger's request would be garbage a moment later. */
const room = Buffer.allocUnsafeSlow(openBodyLimits.bytesMax);

/** The bytes hold until the next body is joined. */
function joined(pieces: readonly Buffer[]): Buffer {
  let length = 0;
  for (const piece of pieces) length += piece.copy(room, length);
  return room.subarray(0, length);
}

const name = Buffer.from('"writeKey"');
/** Behind the name. A key has 48 characters. */
const value = /^\s{0,8}:\s{0,8}"(\w{1,100})"/;

function addKey(keys: Set<string>, bytes: Buffer, at: number): void {
  if (at < 0) return;
  const from = at + name.length;
  const key = value.exec(bytes.toString("latin1", from, from + 120))?.[1];
  if (key !== undefined) keys.add(`Bearer ${key}`);
}

/** Null for what is larger, and for codings that take milliseconds to say so. */
function beginningOf(sent: Buffer, coding: string): Buffer | null {
  const inflate = coding === "deflate" ? inflateSync : coding.endsWith("gzip") ? gunzipSync : null;
  if (inflate === null) return null;
  try {
    return inflate(sent, { maxOutputLength: inflatedBytesMax, chunkSize: 65_536 });
  } catch {
    // Too large, or no such body. Whoever has a key may put it into a header, and is told then what is wrong.
    return null;
  }
}
