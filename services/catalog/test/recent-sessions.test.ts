// What a stolen session must not be enough for, and what its owner is told of.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { totpCode } from "@mosis/devstack";
import { execute, many, type Pool, sql } from "@mosis/postgres";
import type { PasskeyRequestOptions } from "@mosis/types/passkeys";
import type { SecondFactorNeeded, Session } from "@mosis/types/sessions";
import type { Webhook } from "@mosis/types/webhooks";
import type { Response } from "supertest";
import Type from "typebox";
import { enrolTotp, firstHalf, forgetCodes, startWithFactors } from "./enrolling.ts";
import { changeKey, createKey, rotateKey } from "./keys-support.ts";
import { register as registerPasskey } from "./passkey-steps.ts";
import { newSigningKey, register } from "./signing.ts";
import { type Authenticator, createAuthenticator, type Lies } from "./software-authenticator.ts";
import { assertProblem, auditTrail, type Caller, startCatalog } from "./support.ts";

const url = "https://ci.example.org/hooks";
const reauthenticate = "/v1/sessions:reauthenticate";
const complete = "/v1/sessions:complete-reauthentication";
const webhook = { url, event_types: ["version.*"] };
const Mail = Type.Object({
  kind: Type.String(),
  recipient: Type.String(),
  subjects: Type.Array(Type.String()),
});

/** As if everybody had signed in long ago. */
function growOld(db: Pool) {
  return execute(
    db,
    sql`
      update sessions set created_at = created_at - interval '11 minutes',
                          second_factor_at = second_factor_at - interval '11 minutes',
                          reauthenticated_at = reauthenticated_at - interval '11 minutes'`,
  );
}

async function startFactored(t: TestContext) {
  const catalog = await startWithFactors(t);
  return { ...catalog, grow: () => growOld(catalog.db) };
}

async function start(t: TestContext) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  const grow = () => growOld(catalog.db);
  const notices = async () => {
    const mails = await many(
      catalog.db,
      Mail,
      sql`
        select kind, recipient, subjects from mails where kind <> 'email_verification'
        order by created_at, id`,
    );
    await execute(catalog.db, sql`delete from mails`);
    return mails;
  };
  return { ...catalog, ada, grow, notices };
}

// INVARIANT 64
test("a session of before makes nothing that outlives it, until it is proved again", async (t) => {
  const { ada, grow, db } = await start(t);
  const { id } = await createKey(ada);
  const hook = (await ada.post("/v1/webhooks", webhook).expect(201)).body as Webhook;
  await changeKey(ada, id, { disabled: true, permissions: ["apps:read"] }).expect(200);
  await grow();
  const signing = newSigningKey(ada.id).body;
  const refused: (() => PromiseLike<Response>)[] = [
    () => ada.post("/v1/keys", { name: "thief", kind: "management" }),
    () => rotateKey(ada, id),
    () => changeKey(ada, id, { disabled: false }),
    () => ada.post(`/v1/keys/${id}:confirm`),
    () => ada.post("/v1/webhooks", webhook),
    () => ada.patch(`/v1/webhooks/${hook.id}`, { url: "https://thief.example/" }).set("If-Match", "*"),
    () => ada.post(`/v1/webhooks/${hook.id}:rotate-secret`).set("If-Match", "*"),
    () => ada.post(`/v1/webhooks/${hook.id}:confirm`),
    () => ada.post("/v1/signing-keys", signing),
  ];
  const before = (await auditTrail(db)).length;
  for (const send of refused) {
    assert.match(assertProblem(await send(), "confirmation_required").detail, /:reauthenticate/);
  }
  assert.equal((await auditTrail(db)).length, before);
  // What opens nothing, or closes something, needs no proof.
  await createKey(ada, { kind: "ingest" });
  await changeKey(ada, id, { name: "renamed" }).expect(200);
  await ada.patch(`/v1/webhooks/${hook.id}`, { disabled: true }).set("If-Match", "*").expect(200);

  const path = "/v1/sessions:reauthenticate";
  assertProblem(await ada.post(path, { password: "a thief's guess" }), "confirmation_required");
  const proved = await ada.post(path, { password: ada.password }).expect(200);
  const { recent_until } = proved.body as { recent_until: string };
  assert.ok(Math.abs(Date.parse(recent_until) - Date.now() - 600_000) < 60_000);
  for (const send of refused) assert.ok((await send()).status < 300);
  await grow();
  assertProblem((await refused[0]?.()) ?? assert.fail(), "confirmation_required");
});

// Guards the same invariant: what cannot be undone is as good as what outlives the session.
// INVARIANT 64
test("a session of before destroys nothing for good, and lets no other key sign an app", async (t) => {
  const { ada, grow, db, withBearer } = await start(t);
  const app = "/v1/apps/org.mosis.go";
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  await ada.post("/v1/apps", { package_id: "org.mosis.ludo", name: "Ludo" }).expect(201);
  const [pinned, other] = [await register(ada), await register(ada)];
  await execute(
    db,
    sql`update apps set signing_fingerprint = ${pinned.fingerprint} where package_id = 'org.mosis.go'`,
  );
  const made = await createKey(withBearer((await createKey(ada)).secret));
  await grow();
  const refused: (() => PromiseLike<Response>)[] = [
    () => ada.post(`${app}:rotate-signing-key`, { signing_key: other.fingerprint }).set("If-Match", "*"),
    () => ada.delete("/v1/apps/org.mosis.ludo").set("If-Match", "*"),
    () => ada.patch(`${app}/retention`, { telemetry_days: 1 }).set("If-Match", "*"),
    () => ada.post(`/v1/keys/${made.id}:adopt`).set("If-Match", "*"),
    () => ada.post(`${app}/erasures`, { install_id: randomUUID() }),
    () => ada.post(`/v1/signing-keys/${pinned.id}:revoke`, { reason: "lost" }).set("If-Match", "*"),
  ];
  for (const send of refused) assertProblem(await send(), "confirmation_required");
  // Keeping events for longer deletes none.
  await ada.patch(`${app}/retention`, { telemetry_days: 400 }).set("If-Match", "*").expect(200);
  await ada.post("/v1/sessions:reauthenticate", { password: ada.password }).expect(200);
  for (const send of refused) {
    const { status, text } = await send();
    assert.ok(status < 300, text);
  }
});

// INVARIANT 64
test("with a second factor, a session is recent only when that is proved again, too", async (t) => {
  const { as, anyone, db, grow } = await startFactored(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const { secret, recoveryCodes } = await enrolTotp(ada);
  await grow();
  await forgetCodes(db);
  const making = () => ada.post("/v1/keys", { name: "k", kind: "management" });
  const changing = () =>
    ada.post("/v1/developers/me:change-email", { email: "new@mosis.test", password: ada.password });
  const { password } = ada;
  const begin = async (by: Caller = ada) => {
    const { body } = await by.post(reauthenticate, { password }).expect(202);
    return body as SecondFactorNeeded;
  };
  const end = (factor: object, by: Caller = ada) => by.post(complete, factor);

  const { sign_in_token, second_factors } = await begin();
  assert.deepEqual(second_factors, ["totp", "recovery_code"]);
  // The password alone is worth nothing yet, wherever it was asked for.
  for (const send of [making, changing, () => ada.delete("/v1/developers/me/totp")]) {
    assertProblem(await send(), "confirmation_required");
  }
  const wrong = await end({ sign_in_token, totp_code: "000000" });
  assert.match(assertProblem(wrong, "confirmation_required").detail, /second factor is wrong/);
  assertProblem(await end({ sign_in_token, totp_code: totpCode(secret) }, bob), "confirmation_required");
  assertProblem(await making(), "confirmation_required");
  const key = randomUUID();
  const right = { sign_in_token, totp_code: totpCode(secret) };
  const proved = await end(right).set("Idempotency-Key", key).expect(200);
  assert.deepEqual((await end(right).set("Idempotency-Key", key).expect(200)).body, proved.body);
  assertProblem(await end(right), "token_invalid");
  await making().expect(201);
  await changing().expect(202);
  const sessions = (await ada.get("/v1/sessions").expect(200)).body as { data: Session[] };
  assert.deepEqual(
    sessions.data.map(({ second_factor }) => second_factor),
    ["totp"],
  );

  // What began signing in ends here, too, and a recovery code is used up by it.
  await grow();
  const token = (await firstHalf(anyone, ada)).sign_in_token;
  const [recovery_code] = recoveryCodes ?? [];
  await end({ sign_in_token: token, recovery_code }).expect(200);
  const again = (await begin()).sign_in_token;
  assertProblem(await end({ sign_in_token: again, recovery_code }), "confirmation_required");
  await ada.delete("/v1/developers/me/totp").expect(204);
});

// INVARIANT 64
test("a passkey that verifies its user makes a session recent, and no passkey of another does", async (t) => {
  const { as, grow } = await startFactored(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const [own, foreign] = [createAuthenticator(), createAuthenticator()];
  await registerPasskey(ada, own);
  await registerPasskey(bob, foreign);
  await grow();
  const prove = async (authenticator: Authenticator, lies?: Lies) => {
    const { body } = await ada.post("/v1/sessions:passkey-options", {}).expect(201);
    const { public_key, sign_in_token } = body as PasskeyRequestOptions;
    return ada.post(complete, { sign_in_token, passkey: authenticator.get(public_key, lies) });
  };
  for (const answer of [await prove(foreign), await prove(own, { isVerified: false })]) {
    assertProblem(answer, "confirmation_required");
  }
  assertProblem(await ada.post("/v1/developers/me/recovery-codes"), "confirmation_required");
  assert.equal((await prove(own)).status, 200);
  await ada.post("/v1/developers/me/recovery-codes").expect(201);
});

test("a management key makes keys as its permissions say: a pipeline has nobody to ask", async (t) => {
  const { ada, grow, withBearer } = await start(t);
  const { secret } = await createKey(ada);
  await grow();
  await createKey(withBearer(secret));
});

// INVARIANT 64
test("the owner is mailed of each management key, webhook and signing key", async (t) => {
  const { ada, notices } = await start(t);
  await notices();
  const { email: recipient } = ada;
  const key = await createKey(ada);
  await createKey(ada, { kind: "ingest" });
  assert.deepEqual(await notices(), [{ kind: "key_issued", recipient, subjects: [key.key_prefix] }]);
  const rotated = await rotateKey(ada, key.id).expect(200);
  const { key_prefix } = rotated.body as { key_prefix: string };
  assert.deepEqual(await notices(), [{ kind: "key_issued", recipient, subjects: [key_prefix] }]);
  const hook = (await ada.post("/v1/webhooks", webhook).expect(201)).body as Webhook;
  assert.deepEqual(await notices(), [{ kind: "webhook_issued", recipient, subjects: [hook.id] }]);
  await ada
    .patch(`/v1/webhooks/${hook.id}`, { url: `${url}/2` })
    .set("If-Match", "*")
    .expect(200);
  assert.deepEqual(await notices(), [{ kind: "webhook_issued", recipient, subjects: [hook.id] }]);
  await ada.post("/v1/signing-keys", newSigningKey(ada.id).body).expect(201);
  assert.deepEqual(
    (await notices()).map(({ kind }) => kind),
    ["signing_key_added"],
  );
});
