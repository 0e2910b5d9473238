import { createSecretBox, type SecretBox } from "../../shared/secret-box.ts";

/** @param keys of 32 bytes: the first one encrypts, the others are former ones. */
export function createTotpSecretBox(keys: readonly Buffer[]): SecretBox {
  return createSecretBox(keys, { purpose: "TOTP", variable: "TOTP_SECRET_KEYS" });
}
