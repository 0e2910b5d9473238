import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

// The one secret that cannot be a hash, because it has to sign (docs/decisions/0021-webhooks.md). Stored:
// mark of the key, nonce, tag, and the secret encrypted with AES-256-GCM, bound to its webhook.

const algorithm = "aes-256-gcm";
const markBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;
/** Standard Webhooks 1.0, “Signature scheme”: 24 to 64 bytes. */
const secretBytes = 32;

/** What a receiver verifies with, as the standard writes it: `whsec_` and base64. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString("base64")}`;
}

/** Encrypts and decrypts secrets of webhooks. */
export interface SecretBox {
  seal(secret: string, webhookId: string): Buffer;
  /** @throws Error when no key of ours fits, or it belongs to another webhook. */
  open(sealed: Buffer, webhookId: string): string;
}

/** @param keys of 32 bytes: the first one encrypts, the others are of before. */
export function createSecretBox(keys: readonly Buffer[]): SecretBox {
  const byMark = new Map(keys.map((key) => [markOf(key).toString("hex"), key]));
  const [current] = keys;
  if (!current) throw new Error("A secret box needs a key.");
  return {
    seal(secret, webhookId) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, current, nonce);
      cipher.setAAD(Buffer.from(webhookId));
      const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return Buffer.concat([markOf(current), nonce, cipher.getAuthTag(), sealed]);
    },
    open(sealed, webhookId) {
      const key = byMark.get(sealed.toString("hex", 0, markBytes));
      if (!key) throw new Error("The secret was encrypted with a key that is not in WEBHOOK_SECRET_KEYS.");
      const nonceEnd = markBytes + nonceBytes;
      const decipher = createDecipheriv(algorithm, key, sealed.subarray(markBytes, nonceEnd));
      decipher.setAAD(Buffer.from(webhookId));
      decipher.setAuthTag(sealed.subarray(nonceEnd, nonceEnd + tagBytes));
      const text = decipher.update(sealed.subarray(nonceEnd + tagBytes));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    },
  };
}

/** Tells keys apart without telling anything of them. */
function markOf(key: Buffer): Buffer {
  return createHash("sha256").update("mosis webhook key").update(key).digest().subarray(0, markBytes);
}
