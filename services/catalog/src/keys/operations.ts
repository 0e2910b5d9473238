import type { Operation } from "@mosis/http";
import { Uuid } from "@mosis/types/formats";
import { Key, KeyChange, KeyRotation, KeyWithSecret, NewKey, PermissionList } from "@mosis/types/keys";
import { Page, PageQuery } from "@mosis/types/pages";

const params = { id: Uuid };
const headers = { ETag: "Send it as If-Match with a change." };
const requestHeaders = { "If-Match": "The ETag of the key that you have read, or `*`." };

export const keyOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/permissions",
    id: "listPermissions",
    summary: "List every permission that a key may hold, and what it allows",
    access: "public",
    answers: {
      200: {
        description: "The whole list.",
        body: PermissionList,
        headers: { "Cache-Control": "Everybody may keep it for an hour." },
      },
    },
  },
  {
    method: "post",
    path: "/v1/keys",
    id: "createKey",
    summary: "Create a key; a key cannot make one that may do more than itself",
    access: "keys:write",
    body: NewKey,
    answers: {
      201: {
        description: "The key with its secret, which is shown only once.",
        body: KeyWithSecret,
        headers: { ...headers, Location: "Path of the created key." },
      },
    },
    problems: [
      ...(["confirmation_required", "email_unverified", "reference_unknown", "limit_reached"] as const),
      ...(["request_in_flight", "idempotency_key_reused"] as const),
    ],
  },
  {
    method: "get",
    path: "/v1/keys",
    id: "listKeys",
    summary: "List your keys, from new to old, without secrets",
    access: "keys:read",
    query: PageQuery,
    answers: { 200: { description: "One page.", body: Page(Key) } },
    problems: ["cursor_invalid"],
  },
  {
    method: "get",
    path: "/v1/keys/{id}",
    id: "getKey",
    summary: "Read one of your keys, without its secret",
    access: "keys:read",
    params,
    answers: { 200: { description: "The key.", body: Key, headers } },
    problems: ["not_found"],
  },
  {
    method: "patch",
    path: "/v1/keys/{id}",
    id: "changeKey",
    summary: "Change, disable or enable a key, with those that it has made; in force within five seconds",
    access: "keys:write",
    params,
    requestHeaders,
    body: KeyChange,
    answers: { 200: { description: "The key as it is now.", body: Key, headers } },
    problems: [
      ...(["confirmation_required", "not_found", "state_conflict"] as const),
      ...(["precondition_failed", "precondition_required"] as const),
    ],
  },
  {
    method: "post",
    path: "/v1/keys/{id}:rotate",
    id: "rotateKey",
    summary: "Give a key a new secret; the previous one works on for a while",
    access: "keys:write",
    params,
    requestHeaders,
    body: KeyRotation,
    answers: {
      200: {
        description: "The key with its new secret, which is shown only once.",
        body: KeyWithSecret,
        headers,
      },
    },
    problems: [
      ...(["not_found", "state_conflict", "precondition_failed", "precondition_required"] as const),
      ...(["confirmation_required", "request_in_flight", "idempotency_key_reused"] as const),
    ],
  },
  {
    method: "post",
    path: "/v1/keys/{id}:confirm",
    id: "confirmKey",
    summary: "Release a key from the quarantine after a password reset",
    access: "session",
    params,
    answers: { 200: { description: "The key, which works again.", body: Key, headers } },
    problems: ["permission_missing", "confirmation_required", "not_found"],
  },
  {
    method: "post",
    path: "/v1/keys/{id}:adopt",
    id: "adoptKey",
    summary: "Adopt a key that another key has made; it is no longer disabled or deleted with its maker",
    access: "session",
    params,
    requestHeaders,
    answers: { 200: { description: "The key as it is now.", body: Key, headers } },
    problems: [
      "confirmation_required",
      ...(["not_found", "precondition_failed", "precondition_required"] as const),
      ...(["request_in_flight", "idempotency_key_reused"] as const),
    ],
  },
  {
    method: "delete",
    path: "/v1/keys/{id}",
    id: "deleteKey",
    summary: "Revoke a key with all that it has made; they stop working within five seconds",
    access: "keys:write",
    params,
    answers: { 204: { description: "The key was deleted, and so were those that it has made." } },
    problems: ["not_found"],
  },
];
