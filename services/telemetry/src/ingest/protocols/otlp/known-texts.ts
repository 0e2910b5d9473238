import { isUtf8 } from "node:buffer";

/**
 * Texts that are repeated often, found by their UTF-8: keys and names, of which a sender has few. The meaning
 * of each is decided once.
 */
export class KnownTexts {
  /** The result of `judge` for each text. */
  readonly marks: Int32Array;
  /** The length of each text in bytes. */
  readonly lengths: Int32Array;
  readonly texts: string[] = [];
  private readonly textsMax: number;
  private readonly bytesMax: number;
  private readonly judge: (text: string) => number;
  private readonly first: readonly string[];
  private readonly bytes: Buffer;
  private readonly hashes: Int32Array;
  /** A hash table with open addressing: the index + 1 of a text, 0 in a free place. */
  private readonly slots: Int32Array;

  /**
   * @param textsMax the most texts that are kept, a power of two.
   * @param bytesMax the length of a text; longer ones are never known.
   * @param first texts that are always there, at the indexes from 0 on.
   */
  constructor(options: {
    textsMax: number;
    bytesMax: number;
    judge: (text: string) => number;
    first: string[];
  }) {
    this.textsMax = options.textsMax;
    this.bytesMax = options.bytesMax;
    this.judge = options.judge;
    this.first = options.first;
    this.bytes = Buffer.alloc(this.textsMax * this.bytesMax);
    this.lengths = new Int32Array(this.textsMax);
    this.hashes = new Int32Array(this.textsMax);
    this.marks = new Int32Array(this.textsMax);
    this.slots = new Int32Array(this.textsMax * 4);
    this.forget();
  }

  /**
   * Forgets all texts when there is little room left. Call it before a request, because indexes must stay
   * during one.
   * @returns true when it forgot them.
   */
  makeRoom(): boolean {
    if (this.texts.length * 2 <= this.textsMax) return false;
    this.forget();
    return true;
  }

  /** Returns the index of a text; -1 when it is too long, not UTF-8, or has no place. */
  indexOf(source: Buffer, at: number, length: number): number {
    if (length > this.bytesMax) return -1;
    let hash = 0x811c9dc5 ^ length;
    for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ (source[i] as number), 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let probes = 0; probes < probesMax; probes++) {
      const entry = this.slots[slot] as number;
      if (entry === 0) return this.add(source, at, length, { hash, slot });
      if (this.hashes[entry - 1] === hash && this.is(entry - 1, source, at, length)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** Returns true when the text at an index, which must be in use, is this one. */
  is(index: number, source: Buffer, at: number, length: number): boolean {
    if (this.lengths[index] !== length) return false;
    const place = index * this.bytesMax;
    for (let i = 0; i < length; i++) if (this.bytes[place + i] !== source[at + i]) return false;
    return true;
  }

  private add(source: Buffer, at: number, length: number, place: { hash: number; slot: number }): number {
    const index = this.texts.length;
    const bytes = source.subarray(at, at + length);
    if (index === this.textsMax || !isUtf8(bytes)) return -1;
    const text = bytes.toString();
    this.texts.push(text);
    this.bytes.set(bytes, index * this.bytesMax);
    this.lengths[index] = length;
    this.hashes[index] = place.hash;
    this.marks[index] = this.judge(text);
    this.slots[place.slot] = index + 1;
    return index;
  }

  private forget(): void {
    this.texts.length = 0;
    this.slots.fill(0);
    for (const text of this.first) {
      const bytes = Buffer.from(text);
      this.indexOf(bytes, 0, bytes.length);
    }
  }
}

/**
 * How many texts are compared before a text has no place: this limits the cost of texts that were made to
 * collide.
 */
const probesMax = 16;
