import type { Operation } from "@mosis/http";
import { Uuid } from "@mosis/types/formats";
import { Page, PageQuery } from "@mosis/types/pages";
import { NewSigningKey, SigningKey, SigningKeyRevocation } from "@mosis/types/signing-keys";

const path = "/v1/signing-keys";
const params = { id: Uuid };
const headers = { ETag: "Send it as If-Match with `:revoke`." };

export const signingKeyOperations: Operation[] = [
  {
    method: "post",
    path,
    id: "createSigningKey",
    summary: "Register a public key that verifies packages, with a proof that you hold its private key",
    access: "signing-keys:write",
    body: NewSigningKey,
    answers: {
      201: {
        description: "The signing key.",
        body: SigningKey,
        headers: { ...headers, Location: "The path of the new resource." },
      },
    },
    problems: ["confirmation_required", "signature_invalid", "signing_key_taken", "state_conflict"],
  },
  {
    method: "get",
    path,
    id: "listSigningKeys",
    summary: "List your signing keys, including revoked ones, newest first",
    access: "signing-keys:read",
    query: PageQuery,
    answers: { 200: { description: "One page.", body: Page(SigningKey) } },
    problems: ["cursor_invalid"],
  },
  {
    method: "get",
    path: `${path}/{id}`,
    id: "getSigningKey",
    summary: "Get one of your signing keys",
    access: "signing-keys:read",
    params,
    answers: { 200: { description: "The signing key.", body: SigningKey, headers } },
    problems: ["not_found"],
  },
  {
    method: "post",
    path: `${path}/{id}:revoke`,
    id: "revokeSigningKey",
    summary: "Revoke a signing key for good: what it has signed can no longer be submitted or approved",
    access: "signing-keys:write",
    params,
    requestHeaders: { "If-Match": "The ETag of the key that you have read, or `*`." },
    body: SigningKeyRevocation,
    answers: { 200: { description: "The signing key as it is now.", body: SigningKey, headers } },
    problems: [
      ...(["confirmation_required", "not_found"] as const),
      ...(["state_conflict", "precondition_failed", "precondition_required"] as const),
    ],
  },
];
