// What somebody who has registered the address of somebody else still has after its owner has come: nothing.
// The five ways are those of Sudhodanan and Paverd, "Pre-hijacked accounts" (USENIX Security 2022).
import assert from "node:assert/strict";
import { test } from "node:test";
import { many, one, sql } from "@mosis/postgres";
import Type from "typebox";
import { createKey, lastState } from "./keys-support.ts";
import { assertProblem } from "./support.ts";
import { chosen, me, own, startTakingBack, verifyPath, victim, webhook } from "./taking-back.ts";

// 1. Classic-federated merge.
test("signing in with a provider never ends in an account that somebody else has registered", async (t) => {
  const { anyone, prehijack, signedIn } = await startTakingBack(t);
  await prehijack();
  const answer = await anyone.post("/v1/oauth/example:finish", await signedIn("victim"));
  const { detail } = assertProblem(answer, "email_taken");
  assert.match(detail, /request-password-reset/);
});

// 2. Unexpired session, 3. trojan identifier, 4. unexpired email change.
// INVARIANT 63
test("who takes an address back finds no session, provider or key of a stranger in it", async (t) => {
  const { anyone, db, mailbox, withBearer, prehijack, signedIn, reset } = await startTakingBack(t);
  const stranger = await prehijack();
  await stranger.put(own, await signedIn("mallory", stranger, own)).expect(200);
  const keys = [await createKey(stranger), await createKey(stranger, { kind: "ingest" })];
  await stranger.post("/v1/webhooks", webhook).expect(201);
  const move = { email: "mallory@evil.test", password: chosen };
  await stranger.post("/v1/developers/me:change-email", move).expect(202);
  const moved = await mailbox.token(move.email, /Confirm your new/);

  const owner = await reset(victim);
  assertProblem(await stranger.get("/v1/developers/me"), "credentials_invalid");
  assertProblem(
    await anyone.post("/v1/sessions", { email: victim, password: chosen }),
    "credentials_invalid",
  );
  assertProblem(await anyone.post(verifyPath, { token: moved, password: chosen }), "token_invalid");
  const { email, verified, oauth_provider } = await me(owner);
  assert.deepEqual(
    { email, verified, oauth_provider },
    { email: victim, verified: true, oauth_provider: null },
  );
  for (const { id, secret } of keys) {
    assertProblem(await withBearer(secret).get("/v1/apps"), "credentials_invalid");
    assert.equal(await lastState(db, id), null);
  }
  assert.deepEqual((await owner.get("/v1/keys")).body, {
    data: [],
    page: { next_cursor: null, has_more: false },
  });
  assert.deepEqual(await many(db, Type.Object({}), sql`select from webhooks`), []);
});

// 5. A provider that does not verify addresses.
test("an address that a provider does not call verified, with a true of JSON, is nobody's", async (t) => {
  const { anyone, signedIn, db } = await startTakingBack(t);
  for (const login of ["unproved", "text"]) {
    const answer = await anyone.post("/v1/oauth/example:finish", await signedIn(login));
    assertProblem(answer, "email_unverified");
  }
  const Count = Type.Object({ count: Type.Integer() });
  assert.deepEqual(await one(db, Count, sql`select count(*)::int as count from developers`), { count: 0 });
});

// Somebody gets a mail for an account that they have not made, and follows it.
// INVARIANT 63
test("the mail alone confirms no address: who follows it has to know the account, too", async (t) => {
  const { as, anyone, mailbox, prehijack, signIn } = await startTakingBack(t);
  const stranger = await prehijack();
  const token = await mailbox.token(victim, /Confirm your e-mail/);
  const bob = await as("bob");
  const { detail } = assertProblem(await anyone.post(verifyPath, { token }), "confirmation_required");
  assert.match(detail, /password/);
  assert.match(detail, /request-password-reset/);
  assertProblem(
    await anyone.post(verifyPath, { token, password: "a guess of mine" }),
    "confirmation_required",
  );
  assertProblem(await bob.post(verifyPath, { token }), "confirmation_required");
  assertProblem(await anyone.post(verifyPath, { token, password: bob.password }), "confirmation_required");
  assert.equal((await me(stranger))["verified"], false);
  // None of this has used the token up.
  await anyone.post(verifyPath, { token, password: chosen }).expect(204);
  assert.equal((await me(await signIn(victim, chosen)))["verified"], true);
});

test("who is signed in confirms an address with the mail alone, also another one", async (t) => {
  const { anyone, mailbox, prehijack } = await startTakingBack(t);
  const ada = await prehijack();
  await ada.post(verifyPath, { token: await mailbox.token(victim, /Confirm your e-mail/) }).expect(204);
  const email = "victim@moved.test";
  await ada.post("/v1/developers/me:change-email", { email, password: chosen }).expect(202);
  const token = await mailbox.token(email, /Confirm your new/);
  // Whoever reads the mail of the new address does not give it to an account that is not theirs.
  assertProblem(await anyone.post(verifyPath, { token }), "confirmation_required");
  assert.equal((await me(ada))["email"], victim);
  await ada.post(verifyPath, { token }).expect(204);
  assert.equal((await me(ada))["email"], email);
});

test("passwords that are tried with a token of a mail are counted as those of signing in", async (t) => {
  const { anyone, mailbox, prehijack } = await startTakingBack(t);
  await prehijack();
  const token = await mailbox.token(victim, /Confirm your e-mail/);
  for (let i = 0; i < 10; i++) {
    assertProblem(await anyone.post(verifyPath, { token, password: `guess ${i}` }), "confirmation_required");
  }
  assertProblem(await anyone.post(verifyPath, { token, password: chosen }), "rate_limited");
  assertProblem(await anyone.post("/v1/sessions", { email: victim, password: chosen }), "rate_limited");
});
