import type { Operation } from "@mosis/http";
import { PasswordChange, PasswordReset, PasswordResetRequest } from "@mosis/types/developers";

export const passwordOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/developers/me:change-password",
    id: "changePassword",
    summary: "Change your password, and end all other sessions",
    access: "session",
    body: PasswordChange,
    answers: { 204: { description: "The password is changed." } },
    problems: ["permission_missing", "confirmation_required", "rate_limited"],
  },
  {
    method: "post",
    path: "/v1/developers:request-password-reset",
    id: "requestPasswordReset",
    summary: "Send a mail that resets the password, if an account has the address",
    access: "public",
    body: PasswordResetRequest,
    answers: { 202: { description: "If there is an account, a mail is on its way." } },
    problems: ["rate_limited"],
  },
  {
    method: "post",
    path: "/v1/developers:reset-password",
    id: "resetPassword",
    summary: "Choose a new password with the token of the mail, and end all sessions",
    access: "public",
    body: PasswordReset,
    answers: { 204: { description: "The password is changed; sign in with the new one." } },
    problems: ["token_invalid"],
  },
];
