/** Bytes that are appended and read once. Grows by doubling; `reset` keeps the memory. */
export class ByteSink {
  length = 0;
  /** What was appended stands in its first `length` bytes. Another one after every growth. */
  buffer: Buffer;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /** LEB128, as ClickHouse writes lengths. @param value below 2^53. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
  }

  /** Length and UTF-8 of a text; lone surrogates become U+FFFD. */
  text(text: string): void {
    const units = text.length;
    // The bound for any text: three bytes a UTF-16 unit, and its length.
    this.reserve(units * 3 + 8);
    if (units < shortText && this.shortAscii(text, units)) return;
    const bytes = Buffer.byteLength(text);
    this.varint(bytes);
    this.length += this.buffer.write(text, this.length, bytes, "utf8");
  }

  /** UTF-8 of a text without its length; lone surrogates become U+FFFD. */
  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.buffer.write(text, this.length, "utf8");
  }

  /** Some bytes of another buffer. */
  bytes(source: Uint8Array, at: number, length: number): void {
    this.reserve(length);
    const { buffer } = this;
    const start = this.length;
    // A loop is faster than a call into the runtime for what is short.
    if (length < shortText) for (let i = 0; i < length; i++) buffer[start + i] = source[at + i] as number;
    else buffer.set(source.subarray(at, at + length), start);
    this.length = start + length;
  }

  /** Unsigned, little endian. @param value below 2^53. */
  uint64(value: number): void {
    this.reserve(8);
    this.buffer.writeUInt32LE(value % 4_294_967_296, this.length);
    this.buffer.writeUInt32LE(Math.floor(value / 4_294_967_296), this.length + 4);
    this.length += 8;
  }

  /** The bytes of a typed array as they lie in memory. */
  array(values: ArrayBufferView): void {
    this.reserve(values.byteLength);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** What was appended, without a copy: valid until the next change. */
  view(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  reset(): void {
    this.length = 0;
  }

  /** Most texts are short ASCII: a loop in JavaScript is faster than a call into the runtime. */
  private shortAscii(text: string, units: number): boolean {
    const { buffer } = this;
    const start = this.length + 1;
    for (let i = 0; i < units; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) return false;
      buffer[start + i] = unit;
    }
    buffer[this.length] = units;
    this.length = start + units;
    return true;
  }

  private reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const shortText = 64;
