import { randomInt } from "node:crypto";

/** Twice as many places as the most beginnings that anybody asks for. */
const places = 65_536;
/** After so many probes a key counts as new: nobody can slow it down by keys that collide. */
const probesMax = 32;
const quote = 0x22;

/**
 * Counts how many different beginnings the objects of a text have, by the hashes of their keys. Two that
 * collide count once, which errs in the sender's favour by one.
 */
export class ShapeCounter {
  readonly #seen = new Int32Array(places);
  /** The places that are taken: a quarter of a megabyte is too much to be cleared for every body. */
  readonly #taken = new Uint16Array(places);
  #takenCount = 0;
  /** The hash of the keys so far, for the object that is open at each level. */
  readonly #open: Int32Array;
  /** Nobody knows these two numbers, so nobody can choose keys that collide. */
  readonly #seed = randomInt(0xffffffff);
  readonly #spread = randomInt(0x7fffffff) * 2 + 1;
  #count = 0;

  constructor(levelsMax: number) {
    this.#open = new Int32Array(levelsMax + 1);
  }

  clear(): void {
    for (let i = 0; i < this.#takenCount; i++) this.#seen[this.#taken[i] as number] = 0;
    this.#takenCount = 0;
    this.#count = 0;
  }

  openObject(level: number): void {
    this.#open[level] = this.#seed;
  }

  /**
   * Adds a key to the object that is open at the level.
   * @param start the place behind the opening quote of the key.
   * @returns the number of beginnings so far.
   */
  addKey(level: number, bytes: Uint8Array, start: number): number {
    let hash = this.#open[level] as number;
    // The hash is FNV-1a, with the quote that ends the key: `ab` is not `a` followed by `b`.
    for (let at = start; at < bytes.length; at++) {
      hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
      if (bytes[at] === quote) break;
    }
    this.#open[level] = hash;
    // The value 0 marks a free place.
    const entry = hash | 1;
    const seen = this.#seen;
    let place = Math.imul(entry, this.#spread) >>> 16;
    for (let probe = 0; probe < probesMax; probe++) {
      if (seen[place] === entry) return this.#count;
      if (seen[place] === 0) {
        seen[place] = entry;
        this.#taken[this.#takenCount++] = place;
        return ++this.#count;
      }
      place = (place + 1) % places;
    }
    return ++this.#count;
  }
}
