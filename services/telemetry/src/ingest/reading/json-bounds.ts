import { ShapeCounter } from "./shape-counter.ts";

/** The limits of a JSON text, counted before `JSON.parse` makes anything of it. */
export interface JsonBounds {
  /** The number of values: an upper bound, from commas and opening brackets outside of strings. */
  valuesMax: number;
  /** How deeply objects and lists may be nested. */
  levelsMax: number;
  /**
   * The number of different beginnings of objects: `{"a":1,"b":2}` has two, `a` and `a` followed by `b`. V8
   * makes a hidden class for each of them, which takes 1 to 4 µs, as long as ten values. Apps have some
   * hundreds of them; a body of 1 MiB has room for 60 000.
   */
  shapesMax: (bytes: number) => number;
}

/**
 * One event may have ten thousand wrong keys without harming another. Keys in random order make ten with each
 * event.
 */
const shapesMax = (bytes: number) => Math.min(30_000, 12_000 + bytes / 64);

/**
 * The limits of our own batches and of Segment's: 1000 events with 64 properties, and what stands around
 * them.
 */
export const batchBounds: JsonBounds = { valuesMax: 120_000, levelsMax: 20_000, shapesMax };

/** The limits of OTLP, where an attribute is two objects: 5 MiB have room for no more than this. */
export const otlpBounds: JsonBounds = { ...batchBounds, valuesMax: 600_000 };

/**
 * Returns true when a text would be parsed into more than it may. A text that is not JSON may get either
 * answer. Most texts are too short for it: a value or a level takes a byte, a beginning four.
 */
export function isBeyond(bytes: Uint8Array, bounds: JsonBounds): boolean {
  const { valuesMax, levelsMax, shapesMax } = bounds;
  if (bytes.length <= Math.min(valuesMax, levelsMax, 4 * shapesMax(bytes.length))) return false;
  return openMeter(bytes, bounds)(0, bytes.length);
}

/**
 * Measures the texts of a body one after the other. 5 KB of gzip can be 2.6 million lists, and take
 * JSON.parse three seconds and half a gigabyte. This is one pass over the bytes, which ends where a limit is
 * passed: 3 to 5 ns a byte. The measure is valid until the next body is measured.
 * @returns a function that measures one text and returns true when all texts so far are beyond the limits.
 */
export function openMeter(bytes: Uint8Array, bounds: JsonBounds): (from: number, to: number) => boolean {
  const left = { values: bounds.valuesMax, shapes: bounds.shapesMax(bytes.length) };
  shapes.clear();
  return (from, to) => measure(bytes, { from, to, levelsMax: bounds.levelsMax }, left);
}

interface Text {
  from: number;
  to: number;
  levelsMax: number;
}

function measure(bytes: Uint8Array, text: Text, left: { values: number; shapes: number }): boolean {
  const { to, levelsMax } = text;
  let { values } = left;
  let level = 0;
  let keyStart = 0;
  for (let at = text.from; at < to; at++) {
    const byte = bytes[at] as number;
    if (!isStructural[byte]) continue;
    switch (byte) {
      case quote:
        keyStart = at + 1;
        at = stringEnd(bytes, keyStart, to);
        break;
      case comma:
        values--;
        break;
      case colon:
        if (shapes.addKey(level, bytes, keyStart) > left.shapes) return true;
        break;
      case openBrace:
      case openBracket:
        values--;
        if (++level > levelsMax) return true;
        shapes.openObject(level);
        break;
      case closeBrace:
      case closeBracket:
        if (level > 0) level--;
        break;
    }
    if (values < 0) return true;
  }
  left.values = values;
  return false;
}

const shapes = new ShapeCounter(batchBounds.levelsMax);
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const isStructural = new Uint8Array(256);
for (const byte of [quote, comma, colon, openBrace, openBracket, closeBrace, closeBracket]) {
  isStructural[byte] = 1;
}

/**
 * @param from the place behind the opening quote.
 * @returns the place of the closing quote, or the end of the text.
 */
function stringEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  for (let byte = bytes[at]; byte !== quote && at < to; byte = bytes[at]) {
    at += byte === backslash ? 2 : 1;
  }
  return at;
}

export const beyondBatch =
  `A batch has at most ${batchBounds.valuesMax} values, ${batchBounds.levelsMax} levels and some thousand ` +
  "different orders of keys: send fewer events at once, and flatten them.";
