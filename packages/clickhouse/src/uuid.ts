/**
 * Reads a UUID of 36 ASCII characters, either case, into four words as ClickHouse stores it: two
 * little-endian halves, so the second group of eight digits comes before the first.
 * @param bytes It must have 36 bytes from `at` on.
 * @returns false when it is not a UUID; the words are arbitrary then.
 */
export function parseUuid(bytes: Uint8Array, at: number, words: Uint32Array, wordAt: number): boolean {
  const a = byteAt(bytes, at);
  const b = byteAt(bytes, at + 2);
  const c = byteAt(bytes, at + 4);
  const d = byteAt(bytes, at + 6);
  const e = byteAt(bytes, at + 9);
  const f = byteAt(bytes, at + 11);
  const g = byteAt(bytes, at + 14);
  const h = byteAt(bytes, at + 16);
  const i = byteAt(bytes, at + 19);
  const j = byteAt(bytes, at + 21);
  const k = byteAt(bytes, at + 24);
  const l = byteAt(bytes, at + 26);
  const m = byteAt(bytes, at + 28);
  const n = byteAt(bytes, at + 30);
  const o = byteAt(bytes, at + 32);
  const p = byteAt(bytes, at + 34);
  words[wordAt] = (e << 24) | (f << 16) | (g << 8) | h;
  words[wordAt + 1] = (a << 24) | (b << 16) | (c << 8) | d;
  words[wordAt + 2] = (m << 24) | (n << 16) | (o << 8) | p;
  words[wordAt + 3] = (i << 24) | (j << 16) | (k << 8) | l;
  const isDashed =
    bytes[at + 8] === dash && bytes[at + 13] === dash && bytes[at + 18] === dash && bytes[at + 23] === dash;
  // Every value that is not two digits is larger than a byte.
  return isDashed && (a | b | c | d | e | f | g | h | i | j | k | l | m | n | o | p) < notHex;
}

/** Does the same for text: 36 characters in the usual form. Other text gives arbitrary words. */
export function parseUuidText(uuid: string, words: Uint32Array, wordAt: number): void {
  scratch.write(uuid, 0, "latin1");
  parseUuid(scratch, 0, words, wordAt);
}

const scratch = Buffer.alloc(36);

/** Writes the 36 characters of a UUID from its words, in lower case. */
export function writeUuid(words: Uint32Array, wordAt: number, bytes: Uint8Array, at: number): void {
  const a = words[wordAt + 1] as number;
  const b = words[wordAt + 3] as number;
  const c = words[wordAt] as number;
  const d = words[wordAt + 2] as number;
  writeHex(bytes, at, a >>> 16);
  writeHex(bytes, at + 4, a & 0xffff);
  bytes[at + 8] = dash;
  writeHex(bytes, at + 9, c >>> 16);
  bytes[at + 13] = dash;
  writeHex(bytes, at + 14, c & 0xffff);
  bytes[at + 18] = dash;
  writeHex(bytes, at + 19, b >>> 16);
  bytes[at + 23] = dash;
  writeHex(bytes, at + 24, b & 0xffff);
  writeHex(bytes, at + 28, d >>> 16);
  writeHex(bytes, at + 32, d & 0xffff);
}

/** Writes sixteen bits as four digits. */
function writeHex(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = hexDigits[value >>> 12] as number;
  bytes[at + 1] = hexDigits[(value >>> 8) & 15] as number;
  bytes[at + 2] = hexDigits[(value >>> 4) & 15] as number;
  bytes[at + 3] = hexDigits[value & 15] as number;
}

const hexDigits = Buffer.from("0123456789abcdef");

const dash = 0x2d;
const notHex = 0x100;

/** The value of each pair of hexadecimal digits, by its two characters. */
const pairs = new Uint16Array(0x1_0000).fill(notHex);
const digits = "0123456789abcdefABCDEF";
for (const first of digits) {
  for (const second of digits) {
    pairs[(first.charCodeAt(0) << 8) | second.charCodeAt(0)] = Number.parseInt(first + second, 16);
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  return pairs[((bytes[at] as number) << 8) | (bytes[at + 1] as number)] as number;
}
