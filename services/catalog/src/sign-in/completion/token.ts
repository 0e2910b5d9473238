import { randomBytes } from "node:crypto";
import { type Problem, problem } from "@mosis/http";

/** A new one: 256 random bits. Begins with a word, so that scanners of repositories and logs find it. */
export function newSignInToken(): string {
  return `mn_live_${randomBytes(32).toString("base64url")}`;
}

/** One answer for unknown, used, used up and expired. */
export function signInOver(): Problem {
  return problem(
    "token_invalid",
    "The sign_in_token is unknown, was used, has had its attempts or has expired: begin to sign in again.",
  );
}
