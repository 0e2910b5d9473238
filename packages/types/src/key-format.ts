// The format of an API key's secret: `mi_live_` or `mk_live_`, 8 characters of id, 32 random characters, 6
// characters of CRC-32 over all before them, in base 62. The checksum separates a typo or a fake from a key
// without a look-up.
import type { KeyKind } from "./keys.ts";

export const keyMarks = { ingest: "mi_live_", management: "mk_live_" } as const satisfies Record<
  KeyKind,
  string
>;

export const keyIdLength = 8;
export const keyRandomLength = 32;
export const keyChecksumLength = 6;

export const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const shape = /^m([ik])_live_[0-9A-Za-z]{46}$/;

/** The six base-62 characters of a CRC-32, most significant first. */
export function keyChecksum(crc32: number): string {
  let rest = crc32 >>> 0;
  let digits = "";
  for (let place = 0; place < keyChecksumLength; place++) {
    digits = base62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/**
 * Returns the kind of key that a secret claims to be, or null when its format or checksum is wrong.
 * @param crc32 The CRC-32 of the text's bytes, as `node:zlib` computes it. It is an argument because this
 * package does no I/O and imports nothing.
 */
export function keyKindOf(secret: string, crc32: (text: string) => number): KeyKind | null {
  const match = shape.exec(secret);
  if (!match) return null;
  const body = secret.slice(0, -keyChecksumLength);
  if (!secret.endsWith(keyChecksum(crc32(body)))) return null;
  return match[1] === "i" ? "ingest" : "management";
}
