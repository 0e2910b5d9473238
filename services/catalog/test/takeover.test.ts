// What a thief, who was in an account, still has after its owner has taken it back: nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key, KeyWithSecret } from "@mosis/types/keys";
import type { Webhook } from "@mosis/types/webhooks";
import { createKey, lastState } from "./keys-support.ts";
import { assertProblem, auditTrail } from "./support.ts";
import { me, own, startTakingBack, webhook } from "./taking-back.ts";

// INVARIANT 63
test("a reset leaves a thief no session, provider, management key or webhook", async (t) => {
  const { as, anyone, db, withBearer, signedIn, reset } = await startTakingBack(t);
  const ada = await as("ada");
  await ada.put(own, await signedIn("mallory", ada, own)).expect(200);
  const linking = await signedIn("victim", ada, own);
  const management = await createKey(ada);
  const ingest = await createKey(ada, { kind: "ingest" });
  const hook = (await ada.post("/v1/webhooks", webhook).expect(201)).body as Webhook;
  await withBearer(management.secret).get("/v1/apps").expect(200);

  const owner = await reset(ada.email);
  assertProblem(await ada.get("/v1/developers/me"), "credentials_invalid");
  assertProblem(await ada.put(own, linking), "credentials_invalid");
  assert.equal((await me(owner))["oauth_provider"], null);
  const thief = await anyone.post("/v1/oauth/example:finish", await signedIn("mallory"));
  assert.notEqual((await me(withBearer((thief.body as { token: string }).token)))["id"], ada.id);
  assertProblem(await withBearer(management.secret).get("/v1/apps"), "key_quarantined");
  const states = await Promise.all([management, ingest].map(({ id }) => lastState(db, id)));
  assert.deepEqual(
    states.map((state) => state?.quarantined),
    [true, false],
  );
  const keys = (await owner.get("/v1/keys").expect(200)).body as { data: Key[] };
  assert.deepEqual(
    keys.data.map(({ id, quarantined_at }) => [id, quarantined_at !== null]),
    [
      [ingest.id, false],
      [management.id, true],
    ],
  );
  const found = (await owner.get(`/v1/webhooks/${hook.id}`).expect(200)).body as Webhook;
  assert.ok(found.quarantined_at !== null);
  assert.deepEqual(found.allowed_actions, ["confirm", "rotate_secret"]);
  assertProblem(await owner.post(`/v1/webhooks/${hook.id}:ping`), "state_conflict");
  const actions = (await auditTrail(db)).map(({ action }) => action);
  for (const action of ["key.quarantined", "webhook.quarantined", "developer.oauth_unlinked"]) {
    assert.equal(actions.filter((it) => it === action).length, 1, action);
  }
});

// INVARIANT 63
test("the owner confirms each key and webhook, signed in, and it works again", async (t) => {
  const { as, db, withBearer, reset } = await startTakingBack(t);
  const ada = await as("ada");
  const [kept, other] = [await createKey(ada), await createKey(ada)];
  const hook = (await ada.post("/v1/webhooks", webhook).expect(201)).body as Webhook;
  const owner = await reset(ada.email);

  // A change is no confirmation, whatever it is.
  const change = { disabled: false, name: "renamed" };
  await owner.patch(`/v1/keys/${kept.id}`, change).set("If-Match", "*").expect(200);
  await owner.patch(`/v1/webhooks/${hook.id}`, { disabled: false, description: "x" }).set("If-Match", "*");
  assertProblem(await withBearer(kept.secret).get("/v1/apps"), "key_quarantined");
  assertProblem(await withBearer(kept.secret).post(`/v1/keys/${kept.id}:confirm`), "key_quarantined");
  const confirmed = (await owner.post(`/v1/keys/${kept.id}:confirm`).expect(200)).body as Key;
  assert.equal(confirmed.quarantined_at, null);
  await withBearer(kept.secret).get("/v1/apps").expect(200);
  assert.equal((await lastState(db, kept.id))?.quarantined, false);
  assertProblem(await withBearer(kept.secret).post(`/v1/keys/${other.id}:confirm`), "permission_missing");
  assertProblem(await withBearer(other.secret).get("/v1/apps"), "key_quarantined");

  const released = (await owner.post(`/v1/webhooks/${hook.id}:confirm`).expect(200)).body as Webhook;
  assert.equal(released.quarantined_at, null);
  await owner.post(`/v1/webhooks/${hook.id}:ping`).expect(202);
  const actions = new Set((await auditTrail(db)).map(({ action }) => action));
  assert.ok(actions.has("key.confirmed") && actions.has("webhook.confirmed"));
  // Once more changes nothing.
  await owner.post(`/v1/keys/${kept.id}:confirm`).expect(200);
  const again = (await auditTrail(db)).filter(({ action }) => action === "key.confirmed");
  assert.equal(again.length, 1);
});

test("of a rotated key no secret works while it is in quarantine, and the old one never again", async (t) => {
  const { as, withBearer, reset } = await startTakingBack(t);
  const ada = await as("ada");
  const first = await createKey(ada);
  const rotated = await ada.post(`/v1/keys/${first.id}:rotate`, {}).set("If-Match", "*").expect(200);
  const { secret } = rotated.body as KeyWithSecret;
  const owner = await reset(ada.email);
  assertProblem(await withBearer(secret).get("/v1/apps"), "key_quarantined");
  assertProblem(await withBearer(first.secret).get("/v1/apps"), "credentials_invalid");
  await owner.post(`/v1/keys/${first.id}:confirm`).expect(200);
  await withBearer(secret).get("/v1/apps").expect(200);
  assertProblem(await withBearer(first.secret).get("/v1/apps"), "credentials_invalid");
});

test("a change of the password offers to end sessions, keys, webhooks and the provider", async (t) => {
  const { as, withBearer, signIn, signedIn } = await startTakingBack(t);
  const ada = await as("ada");
  const { email, password } = ada;
  await ada.put(own, await signedIn("mallory", ada, own)).expect(200);
  const { id, secret } = await createKey(ada);
  const hook = (await ada.post("/v1/webhooks", webhook).expect(201)).body as Webhook;
  const other = await signIn(email, password);
  const path = "/v1/developers/me:change-password";
  const [second, third] = ["the second one of ada", "the third one of ada"];
  // Without a word sessions end, and what servers use works on.
  await ada.post(path, { password, new_password: second }).expect(204);
  assertProblem(await other.get("/v1/developers/me"), "credentials_invalid");
  await withBearer(secret).get("/v1/apps").expect(200);
  assert.equal((await me(ada))["oauth_provider"], "example");

  const another = await signIn(email, second);
  const all = {
    end_sessions: false,
    quarantine_keys: true,
    quarantine_webhooks: true,
    unlink_provider: true,
  };
  await ada.post(path, { password: second, new_password: third, ...all }).expect(204);
  await another.get("/v1/developers/me").expect(200);
  assertProblem(await withBearer(secret).get("/v1/apps"), "key_quarantined");
  const found = (await ada.get(`/v1/webhooks/${hook.id}`).expect(200)).body as Webhook;
  assert.ok(found.quarantined_at !== null);
  assert.equal((await me(ada))["oauth_provider"], null);
  await ada.post(`/v1/keys/${id}:confirm`).expect(200);
});
