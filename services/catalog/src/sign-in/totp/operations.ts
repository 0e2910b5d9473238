import type { Operation } from "@mosis/http";
import { FactorEnrolled, TotpConfirmation, TotpSecret } from "@mosis/types/second-factors";

const path = "/v1/developers/me/totp";

export const totpOperations: Operation[] = [
  {
    method: "post",
    path,
    id: "beginTotp",
    summary: "Get a secret for an authenticator app, which is enrolled when its first code is confirmed",
    description: "An app that is already enrolled keeps working until then.",
    access: "session",
    answers: { 201: { description: "The secret, shown only once.", body: TotpSecret } },
    problems: ["confirmation_required", "email_unverified"],
  },
  {
    method: "post",
    path: `${path}:confirm`,
    id: "confirmTotp",
    summary: "Confirm the authenticator app with its first code",
    description:
      "The first second factor ends your other sessions, and this one counts as signed in with it. " +
      "A previous authenticator app no longer works.",
    access: "session",
    body: TotpConfirmation,
    answers: { 200: { description: "The app is enrolled.", body: FactorEnrolled } },
    problems: ["confirmation_required", "state_conflict", "token_invalid"],
  },
  {
    method: "delete",
    path,
    id: "deleteTotp",
    summary: "Remove the authenticator app",
    access: "session",
    answers: { 204: { description: "The app was removed." } },
    problems: ["confirmation_required", "not_found"],
  },
];
