/**
 * Derives the id of a log record from its protobuf message and its source: a UUID of version 8 (RFC 9562
 * §5.8) as four words, see `parseUuid`. The hash is MurmurHash3, because SHA-1 took half of the time of a
 * record (docs/decisions/0035-record-ids-by-murmurhash3.md).
 * @param source the four words of `sourceOf`.
 * @param words where the four words of the id are written, from `wordAt` on.
 */
export function deriveRecordId(
  message: { bytes: Uint8Array; start: number; end: number },
  source: Uint32Array,
  words: Uint32Array,
  wordAt: number,
): void {
  murmurHash3(message.bytes, message.start, message.end, source);
  words[wordAt] = ((hash[0] as number) & 0xffff0fff) | 0x8000;
  words[wordAt + 1] = hash[1] as number;
  words[wordAt + 2] = hash[2] as number;
  words[wordAt + 3] = ((hash[3] as number) & 0x3fffffff) | 0x80000000;
}

/** The result of `murmurHash3`: one hash is computed at a time, and no object is made for it. */
export const hash = new Uint32Array(4);

/**
 * Hashes bytes into `hash`: MurmurHash3_x86_128 of Austin Appleby's SMHasher, with a seed of four words
 * instead of the same word four times.
 */
export function murmurHash3(bytes: Uint8Array, start: number, end: number, seed: Uint32Array): void {
  let a = seed[0] as number;
  let b = seed[1] as number;
  let c = seed[2] as number;
  let d = seed[3] as number;
  let at = start;
  for (; at + 16 <= end; at += 16) {
    a ^= Math.imul(rotated(Math.imul(wordOf(bytes, at), c1), 15), c2);
    a = (Math.imul((rotated(a, 19) + b) | 0, 5) + 0x561ccd1b) | 0;
    b ^= Math.imul(rotated(Math.imul(wordOf(bytes, at + 4), c2), 16), c3);
    b = (Math.imul((rotated(b, 17) + c) | 0, 5) + 0x0bcaa747) | 0;
    c ^= Math.imul(rotated(Math.imul(wordOf(bytes, at + 8), c3), 17), c4);
    c = (Math.imul((rotated(c, 15) + d) | 0, 5) + 0x96cd1c35) | 0;
    d ^= Math.imul(rotated(Math.imul(wordOf(bytes, at + 12), c4), 18), c1);
    d = (Math.imul((rotated(d, 13) + a) | 0, 5) + 0x32ac3b17) | 0;
  }
  // The last words are filled up with zeros. A zero changes nothing.
  tail.fill(0);
  for (let i = at; i < end; i++) tail[i - at] = bytes[i] as number;
  d ^= Math.imul(rotated(Math.imul(wordOf(tail, 12), c4), 18), c1);
  c ^= Math.imul(rotated(Math.imul(wordOf(tail, 8), c3), 17), c4);
  b ^= Math.imul(rotated(Math.imul(wordOf(tail, 4), c2), 16), c3);
  a ^= Math.imul(rotated(Math.imul(wordOf(tail, 0), c1), 15), c2);
  const length = end - start;
  finish(a ^ length, b ^ length, c ^ length, d ^ length);
}

/** Makes every bit of the hash depend on every bit of the four words. */
function finish(a: number, b: number, c: number, d: number): void {
  const sum = (a + b + c + d) | 0;
  const first = mixed(sum);
  const second = mixed((b + sum) | 0);
  const third = mixed((c + sum) | 0);
  const fourth = mixed((d + sum) | 0);
  const all = (first + second + third + fourth) | 0;
  hash[0] = all;
  hash[1] = (second + all) | 0;
  hash[2] = (third + all) | 0;
  hash[3] = (fourth + all) | 0;
}

function mixed(word: number): number {
  let mixing = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return mixing ^ (mixing >>> 16);
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Reads four bytes, the lowest first. */
function wordOf(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  return low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

const tail = new Uint8Array(16);
const c1 = 0x239b961b;
const c2 = 0xab0e9789;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93;
