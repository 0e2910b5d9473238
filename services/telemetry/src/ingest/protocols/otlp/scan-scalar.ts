import { isUtf8 } from "node:buffer";
import { valueKeys } from "./protobuf-keys.ts";

/** The value that was read last: one is read at a time, and no object is made for it. */
export const scalar = {
  at: 0,
  length: 0,
  number: 0,
  /** The most bytes that the value is longer as JSON than here. */
  growth: 0,
};

/** A double takes 24 characters, and eight bytes at least with what stands before it. */
const numberGrowth = 24;

export const scalars = { unusual: 0, none: 1, text: 2, bool: 3, number: 4 } as const;

/**
 * Reads an `AnyValue` between two places into `scalar`: a text by where it stands and how long it is, a
 * number, or 1 and 0 for true and false.
 * @returns which of `scalars` it is; `unusual` for a list, bytes, what is not finite or has lost digits, what
 * is not UTF-8, and for what is not written in the usual way.
 */
export function readScalar(body: Buffer, view: DataView, start: number, end: number): number {
  scalar.growth = numberGrowth;
  if (start === end) return scalars.none;
  const at = start + 1;
  switch (body[start]) {
    case valueKeys.text:
      return readText(body, at, end);
    case valueKeys.bool:
      scalar.number = body[at] === 0 ? 0 : 1;
      return at + 1 === end && (body[at] as number) < 128 ? scalars.bool : scalars.unusual;
    case valueKeys.int:
      return readInteger(body, at, end);
    case valueKeys.double:
      if (at + 8 !== end) return scalars.unusual;
      scalar.number = view.getFloat64(at, true);
      return Number.isFinite(scalar.number) ? scalars.number : scalars.unusual;
    default:
      return scalars.unusual;
  }
}

function readText(body: Buffer, start: number, end: number): number {
  let at = start;
  let length = body[at++] as number;
  if (length > 127) length = (length & 127) | ((body[at++] as number) << 7);
  scalar.at = at;
  scalar.length = length;
  if (at + length !== end || length > twoBytesMax) return scalars.unusual;
  scalar.growth = escapeBytesOf(body, at, length);
  return scalar.growth < 0 ? scalars.unusual : scalars.text;
}

/**
 * Returns the number in two bytes of a varint. If the second one is followed by others, the number is
 * greater.
 */
const twoBytesMax = 16_383;

function readInteger(body: Buffer, start: number, end: number): number {
  let low = 0;
  let high = 0;
  let at = start;
  for (let bits = 0; at < end; bits += 7) {
    const byte = body[at++] as number;
    if (bits < 28) low |= (byte & 127) << bits;
    else if (bits === 28) {
      low |= (byte & 15) << 28;
      high = (byte & 127) >> 4;
    } else high |= (byte & 127) << (bits - 32);
    if (byte < 128) break;
    // The tenth byte is always the last one.
    if (bits === 63) return scalars.unusual;
  }
  scalar.number = high * 4_294_967_296 + (low >>> 0);
  const isWhole = at === end && end > start && (body[end - 1] as number) < 128;
  return isWhole && Number.isSafeInteger(scalar.number) ? scalars.number : scalars.unusual;
}

/**
 * Checks a text, and counts by how many bytes it is longer as JSON.
 * @returns -1 when it is not UTF-8.
 */
export function escapeBytesOf(body: Buffer, at: number, length: number): number {
  let high = 0;
  let bytes = 0;
  for (let i = at; i < at + length; i++) {
    const byte = body[i] as number;
    high |= byte;
    bytes += escapeBytes[byte] as number;
  }
  return high < 0x80 || isUtf8(body.subarray(at, at + length)) ? bytes : -1;
}

/** The most bytes that JSON adds to a byte. */
const escapeBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x20) return 5;
  return byte === 0x22 || byte === 0x5c ? 1 : 0;
});
