import type { Operation } from "@mosis/http";
import { PasskeyRequest, PasskeyRequestOptions } from "@mosis/types/passkeys";
import { SessionCompletion, SessionWithToken } from "@mosis/types/sessions";

export const signInOperations: Operation[] = [
  {
    method: "post",
    path: "/v1/sessions:passkey-options",
    id: "beginPasskeySignIn",
    summary: "Get the options that a browser needs to sign in with a passkey",
    description:
      "Send the sign_in_token of a sign-in to use the passkey as its second factor. " +
      "Omit it when the passkey is the whole sign-in.",
    access: "public",
    body: PasskeyRequest,
    answers: { 201: { description: "For navigator.credentials.get().", body: PasskeyRequestOptions } },
    problems: ["state_conflict", "token_invalid"],
  },
  {
    method: "post",
    path: "/v1/sessions:complete",
    id: "completeSession",
    summary: "Sign in with a second factor, or with a passkey only",
    access: "public",
    body: SessionCompletion,
    answers: {
      201: { description: "The bearer token, shown only once, and its end.", body: SessionWithToken },
    },
    problems: ["credentials_invalid", "state_conflict", "token_invalid"],
  },
];
