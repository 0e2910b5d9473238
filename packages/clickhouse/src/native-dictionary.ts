import { ByteSink } from "./byte-sink.ts";
import { grown, type NativeColumn } from "./native-columns.ts";
import { parseUuidText } from "./uuid.ts";

const firstRows = 1024;
const firstSlots = 1024;
/** The largest table that is kept. Clearing a larger one at every block would cost more. */
const keptSlotsMax = 16_384;
/**
 * The number of keys that are compared before a key counts as new. It bounds the cost of keys that were made
 * to collide.
 */
const probesMax = 16;
/** Flag: the block itself contains the keys. The low bits are the width of the indexes. */
const hasAdditionalKeys = 512;
/** Version of the dictionary serialisation: one shared dictionary with additional keys. */
const serialisation = 1;

/**
 * A LowCardinality column: the distinct values of the block, and for each row an index into them. Values are
 * bytes, so that input received as bytes need not become text first.
 */
abstract class DictionaryColumn implements NativeColumn {
  rows = 0;
  private indexes = new Uint32Array(firstRows);
  private readonly keys = new ByteSink(4096);
  // The place, the length and the hash of each key's bytes, by its index.
  private places = new Int32Array(firstRows);
  private lengths = new Int32Array(firstRows);
  private hashes = new Int32Array(firstRows);
  private size = 0;
  /** Open addressing: index + 1, or 0 in an empty slot. */
  private slots = new Int32Array(firstSlots);
  private last = 0;
  /** For each key, by its index, the key that followed it last, which is likely to follow again. */
  private followers = new Int32Array(firstRows);

  /** Bytes of the default value of the type. The format gives it index 0. */
  protected abstract readonly defaultKey: Uint8Array;
  /**
   * Writes a key in the format of the type.
   * @returns the number of bytes that it put before the key's own.
   */
  protected abstract writeKey(out: ByteSink, source: Uint8Array, at: number, length: number): number;

  pushBytes(source: Uint8Array, at: number, length: number): void {
    this.fillBytes(source, at, length, 1);
  }

  fillBytes(source: Uint8Array, at: number, length: number, count: number): void {
    if (this.size === 0) this.addDefault();
    // Neighbours often share a value, or follow each other like the keys of events: comparing is cheaper than
    // hashing.
    if (!this.isKey(this.last, source, at, length)) this.last = this.next(source, at, length);
    const end = this.rows + count;
    if (end > this.indexes.length) this.indexes = grown(this.indexes, end);
    if (count === 1) this.indexes[this.rows] = this.last;
    else this.indexes.fill(this.last, this.rows, end);
    this.rows = end;
  }

  byteLength(): number {
    if (this.rows === 0) return 8;
    return 8 + 8 + 8 + this.keys.length + 8 + this.rows * this.indexBytes();
  }

  writePrefix(out: ByteSink): void {
    out.uint64(serialisation);
  }

  writeData(out: ByteSink): void {
    // A column of a map without entries has a prefix but no data.
    if (this.rows === 0) return;
    const width = this.indexBytes();
    out.uint64((width === 1 ? 0 : width === 2 ? 1 : 2) | hasAdditionalKeys);
    out.uint64(this.size);
    out.array(this.keys.view());
    out.uint64(this.rows);
    const indexes = this.indexes.subarray(0, this.rows);
    out.array(width === 1 ? new Uint8Array(indexes) : width === 2 ? new Uint16Array(indexes) : indexes);
  }

  reset(): void {
    if (this.slots.length > keptSlotsMax) this.slots = new Int32Array(firstSlots);
    else this.slots.fill(0);
    this.rows = 0;
    this.followers.fill(0, 0, this.size);
    this.size = 0;
    this.last = 0;
    this.keys.reset();
  }

  private addDefault(): void {
    this.indexOf(this.defaultKey, 0, this.defaultKey.length);
  }

  private next(source: Uint8Array, at: number, length: number): number {
    const { last } = this;
    const likely = this.followers[last] as number;
    if (this.isKey(likely, source, at, length)) return likely;
    const index = this.indexOf(source, at, length);
    this.followers[last] = index;
    return index;
  }

  private indexOf(source: Uint8Array, at: number, length: number): number {
    const hash = hashOf(source, at, length);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let probes = 0; probes < probesMax; probes++) {
      const entry = this.slots[slot] as number;
      if (entry === 0) {
        this.slots[slot] = this.size + 1;
        return this.add(source, at, length, hash);
      }
      if (this.hashes[entry - 1] === hash && this.isKey(entry - 1, source, at, length)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    // ClickHouse accepts a dictionary with a repeated key: both indexes read back as the same value.
    return this.add(source, at, length, hash);
  }

  private isKey(index: number, source: Uint8Array, at: number, length: number): boolean {
    if (this.lengths[index] !== length) return false;
    const { buffer } = this.keys;
    const place = this.places[index] as number;
    for (let i = 0; i < length; i++) if (buffer[place + i] !== source[at + i]) return false;
    return true;
  }

  private add(source: Uint8Array, at: number, length: number, hash: number): number {
    const index = this.size++;
    if (index === this.places.length) {
      this.places = grown(this.places, this.size);
      this.lengths = grown(this.lengths, this.size);
      this.hashes = grown(this.hashes, this.size);
      this.followers = grown(this.followers, this.size);
    }
    const start = this.keys.length;
    this.places[index] = start + this.writeKey(this.keys, source, at, length);
    this.lengths[index] = length;
    this.hashes[index] = hash;
    if (this.size * 2 > this.slots.length) this.rehash();
    return index;
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 4);
    const mask = slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = (this.hashes[index] as number) & mask;
      let probes = 0;
      while (slots[slot] !== 0 && ++probes < probesMax) slot = (slot + 1) & mask;
      if (slots[slot] === 0) slots[slot] = index + 1;
    }
    this.slots = slots;
  }

  private indexBytes(): 1 | 2 | 4 {
    return this.size <= 0x100 ? 1 : this.size <= 0x1_0000 ? 2 : 4;
  }
}

/** A column of type LowCardinality(String). */
export class TextDictionary extends DictionaryColumn {
  protected readonly defaultKey = Buffer.alloc(0);

  push(text: string): void {
    this.fill(text, 1);
  }

  fill(text: string, count: number): void {
    scratch.reset();
    scratch.utf8(text);
    this.fillBytes(scratch.buffer, 0, scratch.length, count);
  }

  protected writeKey(out: ByteSink, source: Uint8Array, at: number, length: number): number {
    const start = out.length;
    out.varint(length);
    const front = out.length - start;
    out.bytes(source, at, length);
    return front;
  }
}

/** A column of type LowCardinality(UUID). A value is its 16 bytes as the format has them, see `parseUuid`. */
export class UuidDictionary extends DictionaryColumn {
  protected readonly defaultKey = Buffer.alloc(16);

  push(uuid: string): void {
    this.fill(uuid, 1);
  }

  /** @param uuid 36 characters in the usual form, in either case. Other text gives an arbitrary value. */
  fill(uuid: string, count: number): void {
    parseUuidText(uuid, words, 0);
    this.fillBytes(wordBytes, 0, 16, count);
  }

  protected writeKey(out: ByteSink, source: Uint8Array, at: number, length: number): number {
    out.bytes(source, at, length);
    return 0;
  }
}

const scratch = new ByteSink(1024);
const words = new Uint32Array(4);
const wordBytes = new Uint8Array(words.buffer);

/** Returns FNV-1a of 32 bits with the high bits mixed into the low ones, which choose the slot. */
function hashOf(source: Uint8Array, at: number, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ (source[i] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}
