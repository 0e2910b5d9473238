import type { Operation } from "@mosis/http";
import { FactorEnrolled, TotpConfirmation, TotpSecret } from "@mosis/types/second-factors";

const path = "/v1/developers/me/totp";

export const totpOperations: Operation[] = [
  {
    method: "post",
    path,
    id: "beginTotp",
    summary: "Get a secret for an authenticator app, which counts when its first code is confirmed",
    description: "One that counts already keeps counting until then.",
    access: "session",
    answers: { 201: { description: "The secret, told once.", body: TotpSecret } },
    problems: ["confirmation_required", "email_unverified"],
  },
  {
    method: "post",
    path: `${path}:confirm`,
    id: "confirmTotp",
    summary: "Confirm the authenticator app with its first code",
    description:
      "The first second factor ends your other sessions, and this one counts as signed in with it. " +
      "An authenticator app from before works no more.",
    access: "session",
    body: TotpConfirmation,
    answers: { 200: { description: "It counts from now on.", body: FactorEnrolled } },
    problems: ["confirmation_required", "state_conflict", "token_invalid"],
  },
  {
    method: "delete",
    path,
    id: "deleteTotp",
    summary: "Remove the authenticator app",
    access: "session",
    answers: { 204: { description: "Its codes are taken no more." } },
    problems: ["confirmation_required", "not_found"],
  },
];
