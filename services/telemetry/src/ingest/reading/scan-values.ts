// Reads texts and numbers of JSON from bytes.
import type { Staging } from "../events/staging.ts";

/** The value that was read last: one value is read at a time, and no object is made for it. */
export const scanned = { place: 0, length: 0, number: 0 };

/** Returns true when these bytes stand at the place. */
export function isWord(body: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (body[at + i] !== word[i]) return false;
  return true;
}

/**
 * Reads a string into `scanned`.
 * @returns the place behind it, or -1 when it cannot be read.
 */
export function scanText(staging: Staging, start: number): number {
  const { body } = staging;
  if (body[start] !== quote) return -1;
  for (let at = start + 1; at < body.length; at++) {
    const byte = body[at] as number;
    if (byte === quote) {
      scanned.place = start + 1;
      scanned.length = at - start - 1;
      return at + 1;
    }
    if (byte === backslash) return scanEscaped(staging, start, at);
    // JSON allows no control characters in strings.
    if (byte < 0x20) return -1;
  }
  return -1;
}

const quote = 0x22;
const backslash = 0x5c;

/** Reads a string with escapes: it goes into the scratch in the form in which it is stored. */
function scanEscaped(staging: Staging, start: number, escape: number): number {
  const { body } = staging;
  for (let at = escape; at < body.length; at++) {
    if (body[at] === backslash) at++;
    else if (body[at] === quote) {
      const text = unescaped(body.toString("utf8", start, at + 1));
      if (text === undefined) return -1;
      scanned.place = staging.keep(text);
      scanned.length = staging.lengthFrom(scanned.place);
      return at + 1;
    }
  }
  return -1;
}

function unescaped(json: string): string | undefined {
  try {
    return JSON.parse(json) as string;
  } catch {
    return undefined;
  }
}

/** Ten to the power of the index; all of them are exact. */
const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/**
 * Reads a finite number into `scanned.number`: exactly the number that JSON.parse makes of it. Up to 15
 * digits are a whole number and an exact power of ten, whose quotient is rounded correctly; longer numbers
 * are left to the runtime.
 */
export function scanNumber(body: Buffer, start: number): number {
  let at = start;
  const isNegative = body[at] === minus;
  if (isNegative) at++;
  const first = at;
  let value = 0;
  for (; isDigit(body, at); at++) value = value * 10 + (body[at] as number) - zero;
  let digits = at - first;
  // Neither `.5` nor `01` is JSON.
  if (digits === 0 || (digits > 1 && body[first] === zero)) return -1;
  let decimals = 0;
  if (body[at] === point) {
    at++;
    for (; isDigit(body, at); at++, decimals++) value = value * 10 + (body[at] as number) - zero;
    if (decimals === 0) return -1;
    digits += decimals;
  }
  const hasExponent = body[at] === 0x65 || body[at] === 0x45;
  if (hasExponent) {
    at++;
    if (body[at] === minus || body[at] === plus) at++;
    const firstOfExponent = at;
    while (isDigit(body, at)) at++;
    if (at === firstOfExponent) return -1;
  }
  if (hasExponent || digits > 15) value = Number(body.toString("latin1", first, at));
  else if (decimals > 0) value /= powers[decimals] as number;
  scanned.number = isNegative ? -value : value;
  return Number.isFinite(value) ? at : -1;
}

const minus = 0x2d;
const plus = 0x2b;
const point = 0x2e;
const zero = 0x30;

function isDigit(body: Uint8Array, at: number): boolean {
  const byte = body[at] as number;
  return byte >= zero && byte <= 0x39;
}

/** The digits of the first integer that a number may not hold exactly, 2⁵³. */
export const wideDigits = 16;

/** Returns true when the number that was read last, and stands there, is an integer beyond 2⁵³. */
export function isWideInteger(body: Uint8Array, from: number, to: number): boolean {
  for (let at = body[from] === minus ? from + 1 : from; at < to; at++) if (!isDigit(body, at)) return false;
  return !Number.isSafeInteger(scanned.number);
}
