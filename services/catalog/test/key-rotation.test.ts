import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import type { KeyWithSecret } from "@mosis/types/keys";
import Type from "typebox";
import { changeKey, createKey, hashOf, lastState, rotateKey, startKeys } from "./keys-support.ts";
import { assertProblem, auditTrail, eventually } from "./support.ts";

test("after a rotation the secret from before works until its grace ends, and no longer", async (t) => {
  const { ada, db, withBearer } = await startKeys(t);
  const first = await createKey(ada);
  const rotated = await rotateKey(ada, first.id, { grace_seconds: 3600 }).expect(200);
  const second = rotated.body as KeyWithSecret;
  assert.equal(second.id, first.id);
  assert.equal(second.key_prefix, `mk_${second.secret.slice(8, 15)}`);
  const end = Date.parse(second.previous_secret_ends_at ?? "");
  assert.ok(Math.abs(end - Date.now() - 3_600_000) < 60_000);
  const { secret: _, ...shown } = second;
  const read = await ada.get(`/v1/keys/${first.id}`).expect(200);
  assert.deepEqual(read.body, shown);
  assert.equal(read.headers["etag"], rotated.headers["etag"]);
  for (const { secret } of [first, second]) await withBearer(secret).get("/v1/apps").expect(200);
  const state = await lastState(db, first.id);
  assert.deepEqual(
    [state?.key_hash, state?.previous_key_hash],
    [hashOf(second.secret), hashOf(first.secret)],
  );
  assert.equal(state?.previous_ends_at, second.previous_secret_ends_at);

  // A second rotation ends the first secret at once, whatever was left of its grace.
  const third = (await rotateKey(ada, first.id).expect(200)).body as KeyWithSecret;
  assertProblem(await withBearer(first.secret).get("/v1/apps"), "credentials_invalid");
  for (const { secret } of [second, third]) await withBearer(secret).get("/v1/apps").expect(200);
  // Its end is seen without any change.
  await execute(db, sql`update api_keys set previous_ends_at = now() + interval '1 second'`);
  await eventually(() => withBearer(second.secret).get("/v1/apps").expect(401), 6000);
  await withBearer(third.secret).get("/v1/apps").expect(200);

  const fourth = (await rotateKey(ada, first.id, { grace_seconds: 0 }).expect(200)).body as KeyWithSecret;
  assertProblem(await withBearer(third.secret).get("/v1/apps"), "credentials_invalid");
  const fifth = (await rotateKey(ada, first.id).expect(200)).body as KeyWithSecret;
  await ada.delete(`/v1/keys/${first.id}`).expect(204);
  for (const { secret } of [fourth, fifth]) {
    assertProblem(await withBearer(secret).get("/v1/apps"), "credentials_invalid");
  }
  assert.equal(await lastState(db, first.id), null);
  assertProblem(await rotateKey(ada, first.id), "not_found");
});

test("a rotation with a grace over a week is refused, and so is one of what has ended", async (t) => {
  const { ada, db } = await startKeys(t);
  const { id } = await createKey(ada);
  for (const grace_seconds of [-1, 604_801, 0.5, "1"]) {
    assertProblem(await rotateKey(ada, id, { grace_seconds }), "invalid_request");
  }
  await rotateKey(ada, id, { grace_seconds: 604_800 }).expect(200);
  assertProblem(await ada.post(`/v1/keys/${id}:rotate`, {}), "precondition_required");
  await execute(db, sql`update api_keys set expires_at = now()`);
  assertProblem(await rotateKey(ada, id), "state_conflict");
});

// Guards "the database decides races".
// INVARIANT 24
test("of fifty who rotate what they have read one does, and its two secrets work", async (t) => {
  const { ada, db, withBearer } = await startKeys(t);
  const first = await createKey(ada);
  const { etag = "" } = (await ada.get(`/v1/keys/${first.id}`)).headers as { etag?: string };
  const answers = await Promise.all(Array.from({ length: 50 }, () => rotateKey(ada, first.id, {}, etag)));
  const done = answers.filter(({ status }) => status === 200);
  assert.equal(done.length, 1);
  for (const answer of answers) if (answer.status !== 200) assertProblem(answer, "precondition_failed");
  const [{ secret }] = done.map(({ body }) => body as KeyWithSecret) as [KeyWithSecret];
  for (const works of [secret, first.secret]) await withBearer(works).get("/v1/apps").expect(200);
  const events = (await auditTrail(db)).filter(({ action }) => action === "key.rotated");
  assert.equal(events.length, 1);
});

test("of fifty who rotate whatever is there the last two secrets work, also for telemetry", async (t) => {
  const { ada, db, withBearer } = await startKeys(t);
  const { id } = await createKey(ada);
  const answers = await Promise.all(Array.from({ length: 50 }, () => rotateKey(ada, id)));
  const secrets = answers.map(({ body }) => (body as KeyWithSecret).secret);
  assert.equal(new Set(secrets).size, 50);
  const state = await lastState(db, id);
  const current = new Set([state?.key_hash, state?.previous_key_hash]);
  for (const secret of secrets) {
    const { status } = await withBearer(secret).get("/v1/apps");
    assert.equal(status, current.has(hashOf(secret)) ? 200 : 401);
  }
  assert.equal(secrets.filter((secret) => current.has(hashOf(secret))).length, 2);
});

test("a key that is disabled while it is rotated is disabled, and its last message says so", async (t) => {
  const { ada, db, withBearer } = await startKeys(t);
  const { id } = await createKey(ada);
  const rotating = Array.from({ length: 20 }, () => rotateKey(ada, id));
  const [, ...answers] = await Promise.all([changeKey(ada, id, { disabled: true }), ...rotating]);
  assert.equal(await lastState(db, id), null);
  for (const { status, body } of answers) {
    assert.equal(status, 200);
    assertProblem(await withBearer((body as KeyWithSecret).secret).get("/v1/apps"), "credentials_invalid");
  }
  const rows = await many(db, Type.Object({ disabled: Type.Boolean() }), sql`select disabled from api_keys`);
  assert.deepEqual(rows, [{ disabled: true }]);
});

test("a rotation that is repeated with its Idempotency-Key is done once, with the same secret", async (t) => {
  const { ada, db, withBearer } = await startKeys(t);
  const { id } = await createKey(ada);
  const { etag = "" } = (await ada.get(`/v1/keys/${id}`)).headers as { etag?: string };
  const once = () => rotateKey(ada, id, {}, etag).set("Idempotency-Key", "rotation-of-today");
  const first = await once().expect(200);
  const again = await once().expect(200).expect("Idempotency-Replayed", "true");
  assert.deepEqual(again.body, first.body);

  // With its other secret a key cannot read what was answered: it is told so, and nothing is done twice.
  const { secret } = first.body as KeyWithSecret;
  const asked = { name: "made once", kind: "ingest" };
  const make = (by: string) => withBearer(by).post("/v1/keys", asked).set("Idempotency-Key", "made-once");
  await make(secret).expect(201);
  const other = (await rotateKey(ada, id).expect(200)).body as KeyWithSecret;
  assertProblem(await make(other.secret), "idempotency_key_reused");
  // The secret that has made it is rotated out: what it was told is not told again.
  assertProblem(await make(secret), "secret_rotated_out");
  const made = (await auditTrail(db)).filter(({ payload }) => payload["name"] === asked.name);
  assert.equal(made.length, 1);
});
