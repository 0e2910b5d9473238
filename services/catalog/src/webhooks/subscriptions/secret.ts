import { randomBytes } from "node:crypto";
import { createSecretBox, type SecretBox } from "../../shared/secret-box.ts";

/** Standard Webhooks 1.0, “Signature scheme”, asks for 24 to 64 bytes. */
const secretBytes = 32;

/** Returns a new secret that a receiver verifies with, in the standard's form: `whsec_` and base64. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString("base64")}`;
}

/**
 * Creates the box that seals the secrets.
 * @param keys of 32 bytes: the first one encrypts, the others are previous ones.
 */
export function createWebhookSecretBox(keys: readonly Buffer[]): SecretBox {
  return createSecretBox(keys, { purpose: "webhook", variable: "WEBHOOK_SECRET_KEYS" });
}
