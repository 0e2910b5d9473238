import { createHmac } from "node:crypto";

const stepSeconds = 30;

/**
 * Returns the code that an authenticator app shows for a base32 secret (RFC 6238: SHA-1, six digits, 30 s).
 * It is written from the RFC, so that it checks the library of the catalog.
 * @param stepsLater 1 for the code that comes after the one of `atMs`.
 */
export function totpCode(secret: string, { atMs = Date.now(), stepsLater = 0 } = {}): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 1000 / stepSeconds) + stepsLater));
  const hmac = createHmac("sha1", base32(secret)).update(counter).digest();
  const offset = (hmac.at(-1) ?? 0) & 0xf;
  return String((hmac.readUInt32BE(offset) & 0x7f_ff_ff_ff) % 1_000_000).padStart(6, "0");
}

/** Decodes base32 (RFC 4648 §6) without padding. */
function base32(text: string): Buffer {
  const bits = text
    .toUpperCase()
    .replaceAll(/[\s=]/g, "")
    .split("")
    .map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
