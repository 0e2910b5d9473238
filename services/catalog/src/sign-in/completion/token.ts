import { randomBytes } from "node:crypto";
import { type Problem, problem } from "@mosis/http";

/**
 * Returns a new token with 256 random bits. It begins with a word, so that scanners of repositories and logs
 * find it.
 */
export function newSignInToken(): string {
  return `mn_live_${randomBytes(32).toString("base64url")}`;
}

/** The same answer for an unknown, used, used-up or expired token. */
export function signInOver(): Problem {
  return problem(
    "token_invalid",
    "The sign_in_token is unknown, was used, has expired or has no attempts left: sign in again.",
  );
}
