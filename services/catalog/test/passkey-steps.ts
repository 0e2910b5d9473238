import assert from "node:assert/strict";
import type {
  Passkey,
  PasskeyCreationOptions,
  PasskeyEnrolled,
  PasskeyRequestOptions,
} from "@mosis/types/passkeys";
import type { Authenticator, Lies } from "./software-authenticator.ts";
import type { Caller } from "./support.ts";

export const path = "/v1/developers/me/passkeys";
export const complete = "/v1/sessions:complete";

export async function optionsFor(caller: Caller) {
  const { body } = await caller.post(`${path}:options`).expect(201);
  return (body as PasskeyCreationOptions).public_key;
}

export async function register(caller: Caller, authenticator: Authenticator, name = "Laptop") {
  const credential = authenticator.create(await optionsFor(caller));
  const answer = await caller.post(path, { name, credential });
  assert.equal(answer.status, 201, answer.text);
  return answer.body as PasskeyEnrolled;
}

/** Signs in, with what a browser would be told first. */
export async function signInWith(
  anyone: Caller,
  authenticator: Authenticator,
  { lies, sign_in_token }: { lies?: Lies; sign_in_token?: string } = {},
) {
  const asked = sign_in_token === undefined ? {} : { sign_in_token };
  const begun = await anyone.post("/v1/sessions:passkey-options", asked).expect(201);
  const { public_key, sign_in_token: token } = begun.body as PasskeyRequestOptions;
  return anyone.post(complete, { sign_in_token: token, passkey: authenticator.get(public_key, lies) });
}

export const listed = async (caller: Caller) =>
  ((await caller.get(path).expect(200)).body as { data: Passkey[] }).data;
