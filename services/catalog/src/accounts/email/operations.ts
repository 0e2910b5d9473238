import type { Operation } from "@mosis/http";
import { EmailChange, EmailVerification } from "@mosis/types/developers";

export const emailOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/developers/me:send-verification",
    id: "sendVerification",
    summary: "Send the mail that asks you to confirm your address again",
    access: "session",
    answers: { 202: { description: "The mail is on its way." } },
    problems: ["permission_missing", "state_conflict", "rate_limited"],
  },
  {
    method: "post",
    path: "/v1/developers/me:change-email",
    id: "changeEmail",
    summary: "Change your e-mail address; the new one counts once it is confirmed by the mail sent to it",
    access: "session",
    body: EmailChange,
    answers: { 202: { description: "The mail is on its way; the address is unchanged so far." } },
    problems: ["permission_missing", "confirmation_required", "email_taken", "rate_limited"],
  },
  {
    method: "post",
    path: "/v1/developers:verify-email",
    id: "verifyEmail",
    summary:
      "Confirm an e-mail address with the token of its mail, and the password or a session of the account",
    access: "public",
    body: EmailVerification,
    answers: { 204: { description: "The address is confirmed." } },
    problems: ["token_invalid", "confirmation_required", "email_taken", "rate_limited"],
  },
];
