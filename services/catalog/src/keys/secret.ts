import { randomInt } from "node:crypto";
import { crc32 } from "node:zlib";
import { base62, keyChecksum, keyIdLength, keyMarks, keyRandomLength } from "@mosis/types/key-format";
import type { KeyKind } from "@mosis/types/keys";

/**
 * Returns a new secret, and the prefix that lists show: `mi_` or `mk_` and seven characters of its id part.
 */
export function newSecret(kind: KeyKind): { secret: string; prefix: string } {
  const mark = keyMarks[kind];
  const idPart = randomBase62(keyIdLength);
  const body = mark + idPart + randomBase62(keyRandomLength);
  return { secret: body + keyChecksum(crc32(body)), prefix: mark.slice(0, 3) + idPart.slice(0, 7) };
}

/** Returns random digits. `randomInt` draws them evenly; the remainder of a byte would favour some. */
function randomBase62(length: number): string {
  return Array.from({ length }, () => base62.charAt(randomInt(base62.length))).join("");
}
