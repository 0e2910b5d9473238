import type { Operation } from "@mosis/http";
import { EmailChange, EmailVerification } from "@mosis/types/developers";

export const emailOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/developers/me:send-verification",
    id: "sendVerification",
    summary: "Send the mail that asks to confirm your address once more",
    access: "session",
    answers: { 202: { description: "The mail is on its way." } },
    problems: ["permission_missing", "state_conflict", "rate_limited"],
  },
  {
    method: "post",
    path: "/v1/developers/me:change-email",
    id: "changeEmail",
    summary: "Use another e-mail address, from when it has been confirmed by the mail that is sent to it",
    access: "session",
    body: EmailChange,
    answers: { 202: { description: "The mail is on its way; the address is as it was." } },
    problems: ["permission_missing", "confirmation_required", "email_taken", "rate_limited"],
  },
  {
    method: "post",
    path: "/v1/developers:verify-email",
    id: "verifyEmail",
    summary:
      "Confirm an e-mail address by the token of its mail, with the password or a session of the account",
    access: "public",
    body: EmailVerification,
    answers: { 204: { description: "The address is confirmed." } },
    problems: ["token_invalid", "confirmation_required", "email_taken", "rate_limited"],
  },
];
