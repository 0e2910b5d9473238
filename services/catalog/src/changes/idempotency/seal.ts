import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

// An answer may hold a secret that is shown once, such as a key's, and no such secret is stored as it is. The
// answer is therefore encrypted with what only the client that repeats its request has: its credentials and
// its key.

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Encrypts an answer.
 * @param secrets of the request; the database has only their hashes.
 */
export function seal(text: string, secrets: RequestSecrets): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, keyOf(secrets), nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/**
 * Decrypts an answer.
 * @throws Error when it was sealed with other secrets, or has been changed.
 */
export function unseal(sealed: Buffer, secrets: RequestSecrets): string {
  const decipher = createDecipheriv(algorithm, keyOf(secrets), sealed.subarray(0, nonceBytes));
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  const text = decipher.update(sealed.subarray(nonceBytes + tagBytes));
  return Buffer.concat([text, decipher.final()]).toString("utf8");
}

interface RequestSecrets {
  /** The header Authorization. */
  credentials: string;
  /** The Idempotency-Key. */
  key: string;
}

function keyOf({ credentials, key }: RequestSecrets): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", credentials, key, "mosis idempotency", 32));
}
