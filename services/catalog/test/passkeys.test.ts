import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, sql } from "@mosis/postgres";
import type { PasskeyRequestOptions } from "@mosis/types/passkeys";
import { firstHalf, startWithFactors } from "./enrolling.ts";
import { complete, listed, register, signInWith } from "./passkey-steps.ts";
import { createAuthenticator, type Lies } from "./software-authenticator.ts";
import { assertProblem, withoutRequest } from "./support.ts";

for (const algorithm of ["ES256", "EdDSA"] as const) {
  test(`a passkey of ${algorithm} signs in without a password, and as a second factor`, async (t) => {
    const { as, anyone, withBearer } = await startWithFactors(t);
    const ada = await as("ada");
    const authenticator = createAuthenticator({ algorithm });
    const { recovery_codes, ...made } = await register(ada, authenticator);
    assert.equal(recovery_codes?.length, 10);
    assert.deepEqual(await listed(ada), [made]);

    const whole = await signInWith(anyone, authenticator);
    assert.equal(whole.status, 201, whole.text);
    const me = await withBearer((whole.body as { token: string }).token)
      .get("/v1/developers/me")
      .expect(200);
    assert.equal((me.body as { id: string }).id, ada.id);

    const { sign_in_token, second_factors } = await firstHalf(anyone, ada);
    assert.deepEqual(second_factors, ["passkey", "recovery_code"]);
    const second = await signInWith(anyone, authenticator, { sign_in_token });
    assert.equal(second.status, 201, second.text);
    const [used] = await listed(ada);
    assert.ok(used?.last_used_at);
  });
}

const forgeries: Record<string, Lies> = {
  "another origin": { origin: "https://portal.mosis.test.evil.test" },
  "an origin of the domain that is not listed": { origin: "https://other.mosis.test" },
  "plain http": { origin: "http://portal.mosis.test" },
  "another domain": { rpId: "evil.test" },
  "a challenge of its own": { challenge: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
  "the other ceremony": { type: "webauthn.create" },
  "a frame of somebody else": { crossOrigin: true },
  "nobody present": { isPresent: false },
  "a signature that was changed": { tampered: "signature" },
  "data that was changed": { tampered: "authenticatorData" },
  "client data that was changed": { tampered: "clientDataJSON" },
  "the handle of somebody else": { userHandle: "AAAAAAAAAAAAAAAAAAAAAA" },
};

// INVARIANT 46
test("what a browser or an authenticator says wrongly signs nobody in, and is answered alike", async (t) => {
  const { as, anyone } = await startWithFactors(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const authenticator = createAuthenticator();
  await register(ada, authenticator);
  const ofBob = createAuthenticator();
  await register(bob, ofBob);
  const refused = await signInWith(anyone, createAuthenticator());
  assertProblem(refused, "credentials_invalid");
  const whole: Record<string, Lies> = {
    ...forgeries,
    "nobody verified": { isVerified: false },
    "no handle": { userHandle: null },
    "the credential of somebody else": { id: ofBob.id },
  };
  for (const [lie, lies] of Object.entries(whole)) {
    const answer = await signInWith(anyone, authenticator, { lies });
    assert.deepEqual(withoutRequest(answer), withoutRequest(refused), lie);
  }
  for (const [lie, lies] of Object.entries(forgeries)) {
    const { sign_in_token } = await firstHalf(anyone, ada);
    const answer = await signInWith(anyone, authenticator, { lies, sign_in_token });
    assert.deepEqual(withoutRequest(answer), withoutRequest(refused), lie);
  }
  // Beside a password, to have it is enough.
  const { sign_in_token } = await firstHalf(anyone, ada);
  const present = { lies: { isVerified: false, userHandle: null }, sign_in_token };
  assert.equal((await signInWith(anyone, authenticator, present)).status, 201);
  const another = await firstHalf(anyone, ada);
  assertProblem(
    await signInWith(anyone, ofBob, { sign_in_token: another.sign_in_token }),
    "credentials_invalid",
  );
});

// INVARIANT 46
test("a challenge is answered once, in its own sign-in, and within five minutes", async (t) => {
  const { as, anyone, db } = await startWithFactors(t);
  const ada = await as("ada");
  const authenticator = createAuthenticator();
  await register(ada, authenticator);
  const begin = async (body: object = {}) =>
    (await anyone.post("/v1/sessions:passkey-options", body).expect(201)).body as PasskeyRequestOptions;
  const first = await begin();
  const answer = { sign_in_token: first.sign_in_token, passkey: authenticator.get(first.public_key) };
  const many = await Promise.all(Array.from({ length: 4 }, () => anyone.post(complete, answer)));
  assert.equal(many.filter(({ status }) => status === 201).length, 1);
  assertProblem(await anyone.post(complete, answer), "token_invalid");

  const [one, two] = [await begin(), await begin()];
  const crossed = { sign_in_token: two.sign_in_token, passkey: authenticator.get(one.public_key) };
  assertProblem(await anyone.post(complete, crossed), "credentials_invalid");

  // As a second factor: a wrong answer uses the challenge up, and the sign-in takes another one.
  const { sign_in_token } = await firstHalf(anyone, ada);
  const second = await begin({ sign_in_token });
  assert.deepEqual(
    second.public_key.allowCredentials.map(({ id }) => id),
    [authenticator.id],
  );
  const wrong = authenticator.get(second.public_key, { tampered: "signature" });
  assertProblem(await anyone.post(complete, { sign_in_token, passkey: wrong }), "credentials_invalid");
  const right = authenticator.get(second.public_key);
  assertProblem(await anyone.post(complete, { sign_in_token, passkey: right }), "credentials_invalid");
  assert.equal((await signInWith(anyone, authenticator, { sign_in_token })).status, 201);

  const late = await begin();
  await execute(db, sql`update sign_ins set challenge_expires_at = now()`);
  const passkey = authenticator.get(late.public_key);
  assertProblem(
    await anyone.post(complete, { sign_in_token: late.sign_in_token, passkey }),
    "credentials_invalid",
  );
  assertProblem(
    await anyone.post("/v1/sessions:passkey-options", { sign_in_token: "none" }),
    "token_invalid",
  );
});

// A count that does not grow is a copy of the authenticator, or an answer that was sent before.
// INVARIANT 46
test("a copied authenticator is refused by its count, and one that does not count is taken", async (t) => {
  const { as, anyone } = await startWithFactors(t);
  const ada = await as("ada");
  const authenticator = createAuthenticator();
  await register(ada, authenticator);
  authenticator.countBack(40);
  assert.equal((await signInWith(anyone, authenticator)).status, 201);
  for (const count of [41, 40, 1, 0]) {
    assertProblem(await signInWith(anyone, authenticator, { lies: { count } }), "credentials_invalid");
  }
  assert.equal((await signInWith(anyone, authenticator, { lies: { count: 42 } })).status, 201);

  const synced = createAuthenticator({ counts: false });
  const { backed_up } = await register(ada, synced, "Phone");
  assert.equal(backed_up, true);
  for (let times = 0; times < 2; times++) assert.equal((await signInWith(anyone, synced)).status, 201);
});
