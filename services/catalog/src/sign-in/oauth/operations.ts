import type { Operation } from "@mosis/http";
import { Developer } from "@mosis/types/developers";
import { OauthFinish, OauthFlow, OauthProviders, OauthStart, ProviderName } from "@mosis/types/oauth";
import { SecondFactorNeeded, SessionWithToken } from "@mosis/types/sessions";

const params = { provider: ProviderName };
const begun = {
  201: {
    description: "The URL to send the browser to, and the token that the browser keeps.",
    body: OauthFlow,
  },
};

export const oauthOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/oauth",
    id: "listOauthProviders",
    summary: "List the providers that you can sign in with",
    access: "public",
    answers: { 200: { description: "The whole list.", body: OauthProviders } },
  },
  {
    method: "post",
    path: "/v1/oauth/{provider}:authorize",
    id: "beginOauthSignIn",
    summary: "Start to sign in, or to register, with a provider",
    access: "public",
    params,
    body: OauthStart,
    answers: begun,
    problems: ["not_found", "reference_unknown", "rate_limited"],
  },
  {
    method: "post",
    path: "/v1/oauth/{provider}:finish",
    id: "finishOauthSignIn",
    summary: "Finish signing in with the query that the provider has sent the browser back with",
    access: "public",
    params,
    body: OauthFinish,
    answers: {
      201: { description: "The bearer token, shown only once, and its end.", body: SessionWithToken },
      202: {
        description: "A second factor is still missing: continue with POST /v1/sessions:complete.",
        body: SecondFactorNeeded,
      },
    },
    problems: ["not_found", "token_invalid", "oauth_failed", "email_unverified", "email_taken"],
  },
  {
    method: "post",
    path: "/v1/developers/me/oauth/{provider}:authorize",
    id: "beginOauthLink",
    summary: "Start to link your account to a provider",
    access: "session",
    params,
    body: OauthStart,
    answers: begun,
    problems: [
      "permission_missing",
      "confirmation_required",
      "not_found",
      "reference_unknown",
      "rate_limited",
    ],
  },
  {
    method: "put",
    path: "/v1/developers/me/oauth/{provider}",
    id: "linkOauth",
    summary: "Link your account to the provider, so that you can sign in with it",
    access: "session",
    params,
    body: OauthFinish,
    answers: { 200: { description: "The developer as it is now.", body: Developer } },
    problems: ["permission_missing", "not_found", "token_invalid", "oauth_failed", "state_conflict"],
  },
  {
    method: "delete",
    path: "/v1/developers/me/oauth/{provider}",
    id: "unlinkOauth",
    summary: "Unlink the provider, so that only the password signs in",
    access: "session",
    params,
    answers: { 204: { description: "The provider was unlinked." } },
    problems: ["permission_missing", "not_found", "state_conflict"],
  },
];
