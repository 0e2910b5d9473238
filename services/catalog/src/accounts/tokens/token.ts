import { type Problem, problem } from "@mosis/http";
import { isToken, newToken } from "../../shared/token-form.ts";

/** The purposes of a token in a mail. */
export type Purpose = "email_verification" | "email_change" | "password_reset";

const mark = "ma_live_";

export function newAccountToken(): string {
  return newToken(mark);
}

/**
 * Requires the form of a token of ours.
 * @throws Problem `token_invalid` (422) for any other text, without a look-up.
 */
export function requireAccountToken(text: string): void {
  if (!isToken(mark, text)) throw tokenInvalid();
}

/** The same answer for an unknown, used or expired token: anybody may ask. */
export function tokenInvalid(): Problem {
  return problem("token_invalid", "The token is unknown, was used or has expired: ask for another mail.");
}
