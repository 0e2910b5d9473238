import { randomBytes } from "node:crypto";

// Begins with a word, so that scanners of repositories and logs find a leaked one.
const tokenMark = "ms_live_";

/** A new session token: 256 random bits. */
export function newSessionToken(): string {
  return tokenMark + randomBytes(32).toString("base64url");
}

export function isSessionToken(secret: string): boolean {
  return secret.startsWith(tokenMark);
}
