// The columns of a ClickHouse Native block, one class for each type. A column grows while values are pushed,
// writes itself once, and is used again after `reset` with the memory it has. ClickHouse's own description of
// the format is https://clickhouse.com/docs/interfaces/formats/Native (types); other facts were measured
// against the server.
import { endianness } from "node:os";
import { ByteSink } from "./byte-sink.ts";
import { parseUuidText } from "./uuid.ts";

// Typed arrays have the byte order of the machine, the format is little endian.
if (endianness() !== "LE") throw new Error("Native blocks are written on little-endian machines only.");

/** The interface of every column of a block. */
export interface NativeColumn {
  readonly rows: number;
  /**
   * Returns the type that `writeData` will write, when that depends on the values. ClickHouse converts it
   * back.
   */
  narrowType?(): string;
  /** Returns the exact number of bytes that `writePrefix` and `writeData` will write. */
  byteLength(): number;
  /** Writes what comes before the data of a column, once per block. */
  writePrefix(out: ByteSink): void;
  writeData(out: ByteSink): void;
  reset(): void;
}

const firstRows = 1024;

/** A column of type UUID: two little-endian 64-bit halves. */
export class UuidColumn implements NativeColumn {
  rows = 0;
  private words = new Uint32Array(firstRows * 4);
  // The last value. Neighbours often share a session, and comparing takes a tenth of the time of parsing.
  private last = "";
  private readonly parsed = new Uint32Array(4);

  /** @param uuid 36 characters in the usual form, in either case. Other text gives an arbitrary value. */
  push(uuid: string): void {
    this.fill(uuid, 1);
  }

  fill(uuid: string, count: number): void {
    if (uuid !== this.last) {
      parseUuidText(uuid, this.parsed, 0);
      this.last = uuid;
    }
    const end = (this.rows + count) * 4;
    if (end > this.words.length) this.words = grown(this.words, end);
    for (let at = this.rows * 4; at < end; at += 4) this.words.set(this.parsed, at);
    this.rows += count;
  }

  byteLength(): number {
    return this.rows * 16;
  }

  writePrefix(): void {}

  writeData(out: ByteSink): void {
    out.array(this.words.subarray(0, this.rows * 4));
  }

  reset(): void {
    this.rows = 0;
  }
}

type Numbers = Int8Array | Int32Array | Uint32Array | Float64Array;

/**
 * A column of fixed-width numbers: Int8 (also Enum8), Float64. Values outside the type wrap as in JavaScript.
 */
export class NumberColumn implements NativeColumn {
  rows = 0;
  private values: Numbers;

  constructor(values: Numbers) {
    this.values = values;
  }

  push(value: number): void {
    if (this.rows === this.values.length) this.values = grown(this.values, this.rows + 1);
    this.values[this.rows++] = value;
  }

  fill(value: number, count: number): void {
    const end = this.rows + count;
    if (end > this.values.length) this.values = grown(this.values, end);
    this.values.fill(value, this.rows, end);
    this.rows = end;
  }

  byteLength(): number {
    return this.rows * this.values.BYTES_PER_ELEMENT;
  }

  writePrefix(): void {}

  writeData(out: ByteSink): void {
    out.array(this.values.subarray(0, this.rows));
  }

  reset(): void {
    this.rows = 0;
  }
}

/**
 * A column of type String: each value is a length and UTF-8. A lone surrogate becomes U+FFFD: ClickHouse
 * would accept it, but its readers would not.
 */
export class StringColumn implements NativeColumn {
  rows = 0;
  private readonly bytes = new ByteSink(firstRows * 16);

  push(text: string): void {
    this.bytes.text(text);
    this.rows++;
  }

  /** Appends UTF-8 as it is. */
  pushBytes(source: Uint8Array, at: number, length: number): void {
    this.bytes.varint(length);
    this.bytes.bytes(source, at, length);
    this.rows++;
  }

  fill(text: string, count: number): void {
    for (let i = 0; i < count; i++) this.push(text);
  }

  byteLength(): number {
    return this.bytes.length;
  }

  writePrefix(): void {}

  writeData(out: ByteSink): void {
    out.array(this.bytes.view());
  }

  reset(): void {
    this.rows = 0;
    this.bytes.reset();
  }
}

/** Returns the array, doubled until it holds `needed` elements. The values stay. */
export function grown<T extends Numbers>(values: T, needed: number): T {
  let length = values.length * 2;
  while (length < needed) length *= 2;
  const larger = new (values.constructor as new (length: number) => T)(length);
  larger.set(values);
  return larger;
}
