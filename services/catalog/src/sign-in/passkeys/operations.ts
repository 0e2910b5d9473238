import type { Operation } from "@mosis/http";
import { Uuid } from "@mosis/types/formats";
import {
  NewPasskey,
  Passkey,
  PasskeyChange,
  PasskeyCreationOptions,
  PasskeyEnrolled,
  PasskeyList,
} from "@mosis/types/passkeys";

const path = "/v1/developers/me/passkeys";

export const passkeyOperations: Operation[] = [
  {
    method: "get",
    path,
    id: "listPasskeys",
    summary: "Your passkeys",
    access: "session",
    answers: { 200: { description: "The whole list, oldest first.", body: PasskeyList } },
  },
  {
    method: "post",
    path: `${path}:options`,
    id: "beginPasskey",
    summary: "Get the options that a browser needs to make a passkey",
    description: "The challenge is accepted once, within five minutes, from the same session.",
    access: "session",
    answers: { 201: { description: "For navigator.credentials.create().", body: PasskeyCreationOptions } },
    problems: ["confirmation_required", "email_unverified", "state_conflict"],
  },
  {
    method: "post",
    path,
    id: "createPasskey",
    summary: "Register the passkey that the browser has made",
    description:
      "The first second factor ends your other sessions, and this one counts as signed in with it.",
    access: "session",
    body: NewPasskey,
    answers: { 201: { description: "The passkey.", body: PasskeyEnrolled } },
    problems: ["confirmation_required", "email_unverified", "state_conflict", "token_invalid"],
  },
  {
    method: "patch",
    path: `${path}/{id}`,
    id: "renamePasskey",
    summary: "Rename a passkey",
    access: "session",
    params: { id: Uuid },
    body: PasskeyChange,
    answers: { 200: { description: "The passkey.", body: Passkey } },
    problems: ["not_found"],
  },
  {
    method: "delete",
    path: `${path}/{id}`,
    id: "deletePasskey",
    summary: "Remove a passkey",
    access: "session",
    params: { id: Uuid },
    answers: { 204: { description: "The passkey was removed." } },
    problems: ["confirmation_required", "not_found"],
  },
];
