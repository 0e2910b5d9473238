import { isUtf8 } from "node:buffer";
import { idNamespace } from "../../events/derived-id.ts";
import { scalar, scalars } from "./scan-scalar.ts";

/**
 * Writes the text that a record's id is derived from, as bytes: what `contentOf` returns for the record as an
 * object, behind the namespace.
 */
export class RecordText {
  readonly bytes: Buffer;
  length = 0;
  private start = 0;
  private readonly views = Array.from<Buffer | undefined>({ length: viewsMax });

  /**
   * Makes room for records.
   * @param recordBytesMax the size of the largest one.
   */
  constructor(recordBytesMax: number) {
    // A byte that has to be escaped takes six.
    this.bytes = Buffer.alloc(recordBytesMax * 6 + 4096);
    this.bytes.set(idNamespace);
  }

  /** The source of the records: see `sourceOf`. */
  from(source: string): void {
    this.start = idNamespace.length + this.bytes.write(`${source}\n`, idNamespace.length, "latin1");
  }

  open(): void {
    this.length = this.start;
  }

  /** Returns the whole text, valid until the next record. */
  whole(): Buffer {
    const { views, length } = this;
    if (length >= viewsMax) return this.bytes.subarray(0, length);
    // A view is made once for each length: making one takes a tenth of the time of hashing it.
    return (views[length] ??= this.bytes.subarray(0, length));
  }

  /** Returns the bytes of the record itself. */
  recordLength(): number {
    return this.length - this.start;
  }

  /** Writes bytes as they are. */
  put(source: Buffer): void {
    this.copy(source, 0, source.length);
  }

  copy(source: Buffer, at: number, length: number): void {
    const { bytes, length: to } = this;
    for (let i = 0; i < length; i++) bytes[to + i] = source[at + i] as number;
    this.length = to + length;
  }

  byte(byte: number): void {
    this.bytes[this.length++] = byte;
  }

  /**
   * Writes a text in quotes.
   * @returns false when it is not UTF-8.
   */
  text(source: Buffer, at: number, length: number): boolean {
    const { bytes } = this;
    let to = this.length;
    let high = 0;
    bytes[to++] = quote;
    for (let i = at; i < at + length; i++) {
      const byte = source[i] as number;
      high |= byte;
      if (isEscaped[byte] === 1) to = this.escape(byte, to);
      else bytes[to++] = byte;
    }
    bytes[to++] = quote;
    this.length = to;
    return high < 0x80 || isUtf8(source.subarray(at, at + length));
  }

  /**
   * Writes the value that was read last.
   * @returns false when it is unusual, or a text that is not UTF-8.
   */
  scalar(source: Buffer, kind: number): boolean {
    if (kind === scalars.text) return this.text(source, scalar.at, scalar.length);
    if (kind === scalars.number) this.number(scalar.number);
    else if (kind === scalars.bool) this.put(scalar.number === 1 ? yes : no);
    else if (kind === scalars.none) this.put(none);
    else return false;
    return true;
  }

  /** Writes a finite number. */
  number(value: number): void {
    if (value === (value | 0) && value >= 0) this.digits(value);
    else this.length += this.bytes.write(String(value), this.length, "latin1");
  }

  /** Writes an unsigned integer of at most 53 bits. */
  integer(value: number): void {
    if (value < billion) return this.digits(value);
    this.integer(Math.floor(value / billion));
    this.digits(value % billion, 9);
  }

  /**
   * Writes an unsigned integer below 2³¹.
   * @param least the least number of digits.
   */
  digits(value: number, least = 1): void {
    const { bytes } = this;
    let count = least;
    for (let power = powers[least] as number; value >= power; power *= 10) count++;
    let rest = value | 0;
    for (let at = this.length + count - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = zero + rest - tenth * 10;
      rest = tenth;
    }
    this.length += count;
  }

  private escape(byte: number, at: number): number {
    const { bytes } = this;
    const short = shortEscapes.get(byte);
    bytes[at] = backslash;
    if (short !== undefined) {
      bytes[at + 1] = short;
      return at + 2;
    }
    return at + bytes.write(`\\u00${byte.toString(16).padStart(2, "0")}`, at, "latin1");
  }
}

const viewsMax = 2048;
const yes = Buffer.from("true");
const no = Buffer.from("false");
const none = Buffer.from("null");
const quote = 0x22;
const backslash = 0x5c;
const zero = 0x30;
const billion = 1_000_000_000;
const powers = Array.from({ length: 11 }, (_, exponent) => 10 ** exponent);

/** The bytes that JSON cannot have in a text as they are. */
const isEscaped = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === quote || byte === backslash ? 1 : 0,
);

/** The second character of each escape of two characters, by the character that it stands for. */
const shortEscapes = new Map(
  ["b\b", "f\f", "n\n", "r\r", "t\t", '""', "\\\\"].map((pair) => [pair.charCodeAt(1), pair.charCodeAt(0)]),
);
