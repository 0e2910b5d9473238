import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

// A few secrets cannot be stored as a hash, because something is computed from them: webhook secrets sign
// (docs/decisions/0021-webhooks.md), secrets of authenticator apps make codes
// (docs/decisions/0027-second-factors.md). A row stores the mark of the key, nonce, tag, and the secret
// encrypted with AES-256-GCM, bound to the row that it belongs to.

const algorithm = "aes-256-gcm";
const markBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts and decrypts the secrets of one kind of rows. */
export interface SecretBox {
  /** @param owner is the id of the row that the secret belongs to. */
  seal(secret: string, owner: string): Buffer;
  /** @throws Error when no key of ours fits, or it belongs to another row. */
  open(sealed: Buffer, owner: string): string;
}

/**
 * @param keys are 32 bytes each. The first one encrypts, the others are previous ones.
 * @param purpose is part of the mark: the same key does not open secrets of another kind.
 * @param variable names the setting to which a missing key must be added.
 */
export function createSecretBox(
  keys: readonly Buffer[],
  { purpose, variable }: { purpose: string; variable: string },
): SecretBox {
  const markOf = (key: Buffer) =>
    createHash("sha256").update(`mosis ${purpose} key`).update(key).digest().subarray(0, markBytes);
  const byMark = new Map(keys.map((key) => [markOf(key).toString("hex"), key]));
  const [current] = keys;
  if (!current) throw new Error("A secret box needs a key.");
  return {
    seal(secret, owner) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, current, nonce);
      cipher.setAAD(Buffer.from(owner));
      const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return Buffer.concat([markOf(current), nonce, cipher.getAuthTag(), sealed]);
    },
    open(sealed, owner) {
      const key = byMark.get(sealed.toString("hex", 0, markBytes));
      if (!key) throw new Error(`The secret was encrypted with a key that is not in ${variable}.`);
      const nonceEnd = markBytes + nonceBytes;
      const decipher = createDecipheriv(algorithm, key, sealed.subarray(markBytes, nonceEnd));
      decipher.setAAD(Buffer.from(owner));
      decipher.setAuthTag(sealed.subarray(nonceEnd, nonceEnd + tagBytes));
      const text = decipher.update(sealed.subarray(nonceEnd + tagBytes));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    },
  };
}
