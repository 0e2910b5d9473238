import { randomBytes } from "node:crypto";
import { createSecretBox, type SecretBox } from "../../shared/secret-box.ts";

/** Standard Webhooks 1.0, “Signature scheme”: 24 to 64 bytes. */
const secretBytes = 32;

/** What a receiver verifies with, as the standard writes it: `whsec_` and base64. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString("base64")}`;
}

/** @param keys of 32 bytes: the first one encrypts, the others are former ones. */
export function createWebhookSecretBox(keys: readonly Buffer[]): SecretBox {
  return createSecretBox(keys, { purpose: "webhook", variable: "WEBHOOK_SECRET_KEYS" });
}
