// Reads events of a JSON body straight from its bytes: parsing them to objects was half of the cost of an
// event in ingest. It accepts what nearly all clients send, and nothing that is not valid: JSON without line
// breaks, the fields of the contract, each once. Every other body goes through `parseBatch`, which decides
// what it is. `scan.test.ts` shows that both ways lead to the same rows.
import { parseUuid } from "@mosis/clickhouse/native-block";
import { eventKinds, telemetryLimits } from "@mosis/types/telemetry";
import { timeOf } from "../events/clock.ts";
import { charactersUpTo, offsetOf, type Staging } from "../events/staging.ts";

/**
 * Reads an event into its place in the staging.
 * @returns the place behind it in the body, or -1 when it is not plain, which says nothing about it.
 */
export function scanEvent(staging: Staging, index: number, start: number): number {
  const { body } = staging;
  let at = start;
  if (body[at++] !== openBrace) return -1;
  staging.open(index);
  let seen = 0;
  for (;;) {
    if (body[at] === space) at++;
    const field = fieldAt(staging, at);
    if (field === undefined || (seen & field.bit) !== 0) return -1;
    seen |= field.bit;
    at += field.length;
    if (body[at] === space) at++;
    at = scanField(staging, index, field.bit, at);
    if (at < 0) return -1;
    const next = body[at++];
    if (next === closeBrace) return (seen & required) === required ? at : -1;
    if (next !== comma) return -1;
  }
}

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** A field of the contract with its quotes and colon, as words of four bytes; the last word overlaps. */
interface Field {
  bit: number;
  length: number;
  words: { at: number; value: number }[];
}

const names = ["event_id", "name", "time", "kind", "session_id", "duration_ms", "properties"];
const fields = names.map((name, index): Field => {
  const bytes = Buffer.from(`"${name}":`);
  const places = [...Array.from({ length: bytes.length >> 2 }, (_, n) => n * 4), bytes.length - 4];
  const words = places.map((at) => ({ at, value: bytes.readUInt32LE(at) }));
  return { bit: 1 << index, length: bytes.length, words };
});
const [eventId, name, time, kind, sessionId, duration] = fields.map(({ bit }) => bit);
const required = 7;
const byFirstWord = new Map(fields.map((field) => [field.words[0]?.value, field]));
/**
 * The length of the longest field with its quotes and colon, rounded up; no field is read nearer to the end
 * of a body.
 */
const longestField = 16;

function fieldAt({ view }: Staging, at: number): Field | undefined {
  if (at + longestField > view.byteLength) return undefined;
  const field = byFirstWord.get(view.getUint32(at, true));
  if (field === undefined) return undefined;
  const { words } = field;
  for (let i = 1; i < words.length; i++) {
    const word = words[i] as Field["words"][0];
    if (view.getUint32(at + word.at, true) !== word.value) return undefined;
  }
  return field;
}

/**
 * Reads a value.
 * @returns the place behind it in the body, or -1 when it is not plain.
 */
function scanField(staging: Staging, index: number, field: number, at: number): number {
  switch (field) {
    case eventId:
      return scanId(staging.body, at, staging.eventIds, index);
    case sessionId:
      return scanId(staging.body, at, staging.sessionIds, index);
    case name:
      return scanName(staging, index, at);
    case time:
      return scanTime(staging, index, at);
    case kind:
      return scanKind(staging, index, at);
    case duration:
      return scanDuration(staging, index, at);
    default:
      return scanProperties(staging, index, at);
  }
}

function scanId(body: Buffer, at: number, words: Uint32Array, index: number): number {
  if (body[at] !== quote || body[at + 37] !== quote) return -1;
  return parseUuid(body, at + 1, words, index * 4) ? at + 38 : -1;
}

function scanName(staging: Staging, index: number, start: number): number {
  const at = scanText(staging, start);
  if (at < 0 || isOutside(staging, telemetryLimits.nameLengthMax)) return -1;
  const buffer = staging.bufferOf(scanned.place);
  const offset = offsetOf(scanned.place);
  for (let i = offset; i < offset + scanned.length; i++) {
    const byte = buffer[i] as number;
    if (byte < 0x20 || byte === 0x7f) return -1;
  }
  staging.names[index] = scanned.place;
  staging.nameLengths[index] = scanned.length;
  return at;
}

/** Returns true when the text that was read has no character, or more than so many. */
function isOutside(staging: Staging, lengthMax: number): boolean {
  if (scanned.length <= lengthMax) return scanned.length === 0;
  const offset = offsetOf(scanned.place);
  return charactersUpTo(staging.bufferOf(scanned.place), offset, scanned.length, lengthMax) < scanned.length;
}

function scanTime(staging: Staging, index: number, start: number): number {
  const isText = staging.body[start] === quote;
  const at = isText ? scanText(staging, start) : scanNumber(staging.body, start);
  if (at < 0) return -1;
  if (!isText) {
    staging.times[index] = timeOf(scanned.number);
    return at;
  }
  if (scanned.place < 0 || scanned.length > 40) return -1;
  staging.times[index] = timeOf(
    staging.body.toString("latin1", scanned.place, scanned.place + scanned.length),
  );
  return at;
}

const kinds = Object.entries(eventKinds).map(([word, id]) => ({ word: Buffer.from(`"${word}"`), id }));

function scanKind(staging: Staging, index: number, at: number): number {
  for (const { word, id } of kinds) {
    if (!isWord(staging.body, at, word)) continue;
    staging.kinds[index] = id;
    return at + word.length;
  }
  return -1;
}

function scanDuration(staging: Staging, index: number, start: number): number {
  const at = scanNumber(staging.body, start);
  if (at < 0 || !(scanned.number >= 0 && scanned.number <= 4_294_967_295)) return -1;
  staging.durations[index] = scanned.number;
  return at;
}

function scanProperties(staging: Staging, index: number, start: number): number {
  const { body } = staging;
  const first = staging.properties;
  let at = start;
  if (body[at++] !== openBrace) return -1;
  if (body[at] === closeBrace) return at + 1;
  for (;;) {
    if (staging.properties - first === telemetryLimits.propertiesPerEventMax) return -1;
    if (body[at] === space) at++;
    at = scanProperty(staging, first, at);
    if (at < 0) return -1;
    staging.properties++;
    const next = body[at++];
    if (next === closeBrace) break;
    if (next !== comma) return -1;
  }
  staging.propertiesEnd[index] = staging.properties;
  return at;
}

const colon = 0x3a;
const yes = Buffer.from("true");
const no = Buffer.from("false");

function scanProperty(staging: Staging, first: number, start: number): number {
  const { body, properties } = staging;
  let at = scanText(staging, start);
  if (at < 0 || isOutside(staging, telemetryLimits.propertyKeyLengthMax) || isMoved(staging, first))
    return -1;
  staging.keys[properties] = scanned.place;
  staging.keyLengths[properties] = scanned.length;
  if (body[at++] !== colon) return -1;
  if (body[at] === space) at++;
  if (body[at] === quote) {
    at = scanText(staging, at);
    staging.values[properties] = scanned.place;
    staging.valueLengths[properties] = scanned.length;
    return at;
  }
  staging.valueLengths[properties] = -1;
  const isTrue = isWord(body, at, yes);
  if (isTrue || isWord(body, at, no)) {
    staging.numbers[properties] = isTrue ? 1 : 0;
    return at + (isTrue ? 4 : 5);
  }
  const from = at;
  at = scanNumber(body, at);
  staging.numbers[properties] = scanned.number;
  // An integer that a number cannot hold is stored as the text of its digits.
  if (at - from >= wideDigits && isWideInteger(body, from, at)) {
    staging.values[properties] = from;
    staging.valueLengths[properties] = at - from;
  }
  return at;
}

/**
 * Returns true when JSON.parse would move this key: a duplicate takes the place of the first, and a key like
 * an index comes first.
 */
function isMoved(staging: Staging, first: number): boolean {
  const { place, length } = scanned;
  const buffer = staging.bufferOf(place);
  const offset = offsetOf(place);
  const leading = buffer[offset] as number;
  if (leading >= 0x30 && leading <= 0x39) return true;
  for (let other = first; other < staging.properties; other++) {
    if (staging.keyLengths[other] !== length) continue;
    const otherPlace = staging.keys[other] as number;
    const otherBuffer = staging.bufferOf(otherPlace);
    const otherOffset = offsetOf(otherPlace);
    let i = 0;
    while (i < length && buffer[offset + i] === otherBuffer[otherOffset + i]) i++;
    if (i === length) return true;
  }
  return false;
}

/** The value that was read last: one value is read at a time, and no object is made for it. */
const scanned = { place: 0, length: 0, number: 0 };

/** Returns true when these bytes stand at the place. */
function isWord(body: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (body[at + i] !== word[i]) return false;
  return true;
}

/**
 * Reads a string into `scanned`.
 * @returns the place behind it, or -1 when it cannot be read.
 */
function scanText(staging: Staging, start: number): number {
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
function scanNumber(body: Buffer, start: number): number {
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
const wideDigits = 16;

/** Returns true when the number that was read last, and stands there, is an integer beyond 2⁵³. */
function isWideInteger(body: Uint8Array, from: number, to: number): boolean {
  for (let at = body[from] === minus ? from + 1 : from; at < to; at++) if (!isDigit(body, at)) return false;
  return !Number.isSafeInteger(scanned.number);
}
