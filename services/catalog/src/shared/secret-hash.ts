import { hash } from "node:crypto";

/** SHA-256 as hex: all that is stored of a key or a session token. Both are random enough to need no salt. */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}
