import { randomBytes } from "node:crypto";
import { type Problem, problem } from "@mosis/http";

/** What a token of a mail allows. */
export type Purpose = "email_verification" | "email_change" | "password_reset";

/** A new one: 256 random bits. Begins with a word, so that scanners of repositories and logs find it. */
export function newAccountToken(): string {
  return `ma_live_${randomBytes(32).toString("base64url")}`;
}

/** One answer for unknown, used and expired: it may be anybody who asks. */
export function tokenInvalid(): Problem {
  return problem("token_invalid", "The token is unknown, was used or has expired: ask for another mail.");
}
