import { randomBytes } from "node:crypto";
import { hashSecret } from "../../shared/secret-hash.ts";

/**
 * The number of codes that a developer gets at once.
 * @limit recovery codes of a developer
 */
const codesCount = 10;
/** 80 bits: nobody finds a code by guessing at its hash. */
const codeBytes = 10;
/** Crockford's base32, which has no letters that look like others. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** Returns new codes in the form `k3v9-…`, four groups of four. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: codesCount }, newRecoveryCode);
}

function newRecoveryCode(): string {
  const bits = [...randomBytes(codeBytes)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const digits = bits.match(/.{5}/g) ?? [];
  const text = digits.map((digit) => alphabet[Number.parseInt(digit, 2)]).join("");
  return (text.match(/.{4}/g) ?? []).join("-");
}

/**
 * Returns the stored hash of a code as it was typed. Two developers with the same code have different hashes.
 */
export function recoveryCodeHash(developerId: string, typed: string): string {
  const code = typed.replaceAll(/[\s-]/g, "").toLowerCase();
  return hashSecret(`${developerId}:${code}`);
}
