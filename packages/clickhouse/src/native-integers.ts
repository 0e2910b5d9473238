// Columns of whole numbers: 64-bit types at full width, others as narrow as possible.
import type { ByteSink } from "./byte-sink.ts";
import { grown, type NativeColumn } from "./native-columns.ts";

const firstRows = 1024;

/**
 * A column of type Int64 or UInt32, written as narrow as the values of the block allow. A column of zeros
 * takes one byte a row instead of eight, on every hop up to the table.
 */
export class IntegerColumn implements NativeColumn {
  rows = 0;
  private readonly isSigned: boolean;
  private values = new Float64Array(firstRows);
  private min = 0;
  private max = 0;

  constructor({ isSigned }: { isSigned: boolean }) {
    this.isSigned = isSigned;
  }

  /** @param value A whole number of the type, of at most 53 bits. */
  push(value: number): void {
    if (this.rows === this.values.length) this.values = grown(this.values, this.rows + 1);
    this.values[this.rows++] = value;
    if (value > this.max) this.max = value;
    else if (value < this.min) this.min = value;
  }

  fill(value: number, count: number): void {
    if (count === 0) return;
    const end = this.rows + count;
    if (end > this.values.length) this.values = grown(this.values, end);
    this.values.fill(value, this.rows, end);
    this.rows = end;
    this.max = Math.max(this.max, value);
    this.min = Math.min(this.min, value);
  }

  narrowType(): string {
    return `${this.isSigned ? "Int" : "UInt"}${this.width() * 8}`;
  }

  byteLength(): number {
    return this.rows * this.width();
  }

  writePrefix(): void {}

  writeData(out: ByteSink): void {
    const values = this.values.subarray(0, this.rows);
    const width = this.width();
    if (width === 8) out.array(wideWords(values));
    else out.array(this.isSigned ? new signed[width](values) : new unsigned[width](values));
  }

  reset(): void {
    this.rows = 0;
    this.min = 0;
    this.max = 0;
  }

  private width(): 1 | 2 | 4 | 8 {
    const { min, max } = this;
    // The largest unsigned number of a width is twice the largest signed one, plus one.
    const largest = this.isSigned ? Math.max(max, -1 - min) : Math.floor(max / 2);
    return largest < 0x80 ? 1 : largest < 0x8000 ? 2 : largest < 0x8000_0000 ? 4 : 8;
  }
}

const signed = { 1: Int8Array, 2: Int16Array, 4: Int32Array };
const unsigned = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

function wideWords(values: Float64Array): Uint32Array {
  const words = new Uint32Array(values.length * 2);
  for (const [index, value] of values.entries()) {
    const low = value >>> 0;
    words[index * 2] = low;
    words[index * 2 + 1] = (value - low) / 4_294_967_296;
  }
  return words;
}

/** A column of type UInt64 or DateTime64 (ticks since 1970). */
export class Int64Column implements NativeColumn {
  rows = 0;
  private words = new Uint32Array(firstRows * 2);

  /** @param value A whole number of at most 53 bits, with either sign. */
  push(value: number): void {
    const low = value >>> 0;
    this.pushWords(low, (value - low) / 4_294_967_296);
  }

  /** Appends any 64 bits, as two halves. */
  pushWords(low: number, high: number): void {
    const at = this.rows * 2;
    if (at === this.words.length) this.words = grown(this.words, at + 2);
    this.words[at] = low;
    this.words[at + 1] = high;
    this.rows++;
  }

  fill(value: number, count: number): void {
    for (let i = 0; i < count; i++) this.push(value);
  }

  byteLength(): number {
    return this.rows * 8;
  }

  writePrefix(): void {}

  writeData(out: ByteSink): void {
    out.array(this.words.subarray(0, this.rows * 2));
  }

  reset(): void {
    this.rows = 0;
  }
}
