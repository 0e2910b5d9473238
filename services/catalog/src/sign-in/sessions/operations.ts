import type { Operation } from "@mosis/http";
import { Uuid } from "@mosis/types/formats";
import { Page, PageQuery } from "@mosis/types/pages";
import {
  NewSession,
  Reauthenticated,
  Reauthentication,
  RevokedSessions,
  SecondFactorNeeded,
  Session,
  SessionCompletion,
  SessionWithToken,
} from "@mosis/types/sessions";

const path = "/v1/sessions";

export const sessionOperations: Operation[] = [
  {
    method: "post",
    path,
    id: "createSession",
    summary: "Sign in",
    access: "public",
    body: NewSession,
    answers: {
      201: { description: "The bearer token, shown only once, and its end.", body: SessionWithToken },
      202: {
        description: "A second factor is still missing: continue with POST /v1/sessions:complete.",
        body: SecondFactorNeeded,
      },
    },
    problems: ["credentials_invalid", "rate_limited"],
  },
  {
    method: "get",
    path,
    id: "listSessions",
    summary: "List your sessions",
    access: "session",
    query: PageQuery,
    answers: { 200: { description: "One page.", body: Page(Session) } },
    problems: ["permission_missing", "cursor_invalid"],
  },
  {
    method: "delete",
    path,
    id: "deleteSession",
    summary: "Sign out: end the session that sends the request",
    access: "session",
    answers: { 204: { description: "The session has ended." } },
    problems: ["permission_missing"],
  },
  {
    method: "delete",
    path: `${path}/{id}`,
    id: "revokeSession",
    summary: "End one of your sessions",
    access: "session",
    params: { id: Uuid },
    answers: { 204: { description: "The session has ended." } },
    problems: ["permission_missing", "not_found"],
  },
  {
    method: "post",
    path: `${path}:reauthenticate`,
    id: "reauthenticateSession",
    summary: "Prove your identity again in a session, for changes that need a recent one",
    access: "session",
    body: Reauthentication,
    answers: {
      200: { description: "The session is recent for ten minutes.", body: Reauthenticated },
      202: {
        description:
          "The password was right, and a second factor is missing: continue with " +
          "POST /v1/sessions:complete-reauthentication.",
        body: SecondFactorNeeded,
      },
    },
    problems: ["permission_missing", "confirmation_required", "rate_limited"],
  },
  {
    method: "post",
    path: `${path}:complete-reauthentication`,
    id: "completeReauthentication",
    summary: "Complete the proof with a second factor, or prove with only a passkey",
    description:
      "Send the sign_in_token of POST /v1/sessions:reauthenticate, or that of " +
      "POST /v1/sessions:passkey-options for a passkey that verifies its user.",
    access: "session",
    body: SessionCompletion,
    answers: { 200: { description: "The session is recent for ten minutes.", body: Reauthenticated } },
    problems: ["permission_missing", "confirmation_required", "rate_limited", "token_invalid"],
  },
  {
    method: "post",
    path: `${path}:revoke-others`,
    id: "revokeOtherSessions",
    summary: "End all of your sessions except the one that sends the request",
    access: "session",
    answers: { 200: { description: "The number of sessions that ended.", body: RevokedSessions } },
    problems: ["permission_missing"],
  },
];
