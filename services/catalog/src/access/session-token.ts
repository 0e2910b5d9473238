import { isToken, newToken } from "../shared/token-form.ts";

const mark = "ms_live_";

export function newSessionToken(): string {
  return newToken(mark);
}

export function isSessionToken(secret: string): boolean {
  return isToken(mark, secret);
}
