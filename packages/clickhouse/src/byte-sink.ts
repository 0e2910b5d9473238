/** A buffer of bytes that are appended and read once. It grows by doubling; `reset` keeps the memory. */
export class ByteSink {
  length = 0;
  /** The buffer, whose first `length` bytes were appended. It is a new one after every growth. */
  buffer: Buffer;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /**
   * Appends an integer as LEB128, as ClickHouse writes lengths.
   * @param value Below 2^53.
   */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
  }

  /** Appends length and UTF-8 of a text. Lone surrogates become U+FFFD. */
  text(text: string): void {
    const units = text.length;
    // This is enough for any text: three bytes a UTF-16 unit, and its length.
    this.reserve(units * 3 + 8);
    if (units < shortText && this.shortAscii(text, units)) return;
    const bytes = Buffer.byteLength(text);
    this.varint(bytes);
    this.length += this.buffer.write(text, this.length, bytes, "utf8");
  }

  /** Appends the UTF-8 of a text without its length. Lone surrogates become U+FFFD. */
  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.buffer.write(text, this.length, "utf8");
  }

  /** Appends some bytes of another buffer. */
  bytes(source: Uint8Array, at: number, length: number): void {
    this.reserve(length);
    const { buffer } = this;
    const start = this.length;
    // For short runs a loop is faster than a call into the runtime.
    if (length < shortText) for (let i = 0; i < length; i++) buffer[start + i] = source[at + i] as number;
    else buffer.set(source.subarray(at, at + length), start);
    this.length = start + length;
  }

  /**
   * Appends an unsigned integer, little endian.
   * @param value Below 2^53.
   */
  uint64(value: number): void {
    this.reserve(8);
    this.buffer.writeUInt32LE(value % 4_294_967_296, this.length);
    this.buffer.writeUInt32LE(Math.floor(value / 4_294_967_296), this.length + 4);
    this.length += 8;
  }

  /** Appends the bytes of a typed array as they are in memory. */
  array(values: ArrayBufferView): void {
    this.reserve(values.byteLength);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Returns the appended bytes without a copy. They are valid until the next change. */
  view(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  reset(): void {
    this.length = 0;
  }

  /**
   * Appends a short ASCII text. Most texts are such: a loop in JavaScript is faster than a call into the
   * runtime.
   */
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
