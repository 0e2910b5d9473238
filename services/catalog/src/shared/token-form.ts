import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { keyChecksum, keyChecksumLength } from "@mosis/types/key-format";

/**
 * Returns a new token: a mark, 256 random bits and their checksum. The mark lets scanners of repositories and
 * logs find a leaked token.
 */
export function newToken(mark: string): string {
  const body = mark + randomBytes(32).toString("base64url");
  return body + keyChecksum(crc32(body));
}

const randomLength = 43;

/** Returns false for a token that was made up or mistyped, without a look-up. */
export function isToken(mark: string, text: string): boolean {
  if (text.length !== mark.length + randomLength + keyChecksumLength || !text.startsWith(mark)) return false;
  const body = text.slice(0, -keyChecksumLength);
  return text.endsWith(keyChecksum(crc32(body)));
}
