import { hash } from "node:crypto";

/**
 * Returns the SHA-256 as hex. Only this is stored of a key or a session token. Both are random enough to need
 * no salt.
 */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}
