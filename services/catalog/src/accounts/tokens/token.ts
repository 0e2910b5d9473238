import { type Problem, problem } from "@mosis/http";
import { isToken, newToken } from "../../shared/token-form.ts";

/** What a token of a mail allows. */
export type Purpose = "email_verification" | "email_change" | "password_reset";

const mark = "ma_live_";

export function newAccountToken(): string {
  return newToken(mark);
}

/** @throws Problem `token_invalid` (422) for what cannot be a token of ours, without a look-up. */
export function requireAccountToken(text: string): void {
  if (!isToken(mark, text)) throw tokenInvalid();
}

/** One answer for unknown, used and expired: it may be anybody who asks. */
export function tokenInvalid(): Problem {
  return problem("token_invalid", "The token is unknown, was used or has expired: ask for another mail.");
}
