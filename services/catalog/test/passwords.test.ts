import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import Type from "typebox";
import { startWithMailbox } from "./mailbox.ts";
import { assertProblem, auditTrail, eventually, startCatalog, withoutRequest } from "./support.ts";

const requestPath = "/v1/developers:request-password-reset";
const resetPath = "/v1/developers:reset-password";
const forgotten = /Choose a new password/;
const next = "another password";

const State = Type.Object({ record_key: Type.String() });
const tombstones = sql`select record_key from outbox where topic = 'catalog.keys' and payload is null`;

test("a forgotten password is replaced by whoever reads the mail, and every session ends", async (t) => {
  const { as, anyone, mailbox, db } = await startWithMailbox(t);
  const ada = await as("ada");
  await ada.post("/v1/keys", { name: "ci", kind: "management" }).expect(201);
  await anyone.post(requestPath, { email: "ADA@mosis.test" }).expect(202);
  const token = await mailbox.token(ada.email, forgotten);
  await anyone.post(resetPath, { token, new_password: next }).expect(204);

  assertProblem(await ada.get("/v1/developers/me"), "credentials_invalid");
  const { email, password } = ada;
  assertProblem(await anyone.post("/v1/sessions", { email, password }), "credentials_invalid");
  await anyone.post("/v1/sessions", { email, password: next }).expect(201);
  await mailbox.untilSome(email, /password was changed/);
  const actions = new Set((await auditTrail(db)).map(({ action }) => action));
  assert.ok(actions.has("session.deleted") && actions.has("developer.password_reset"));
  // The address was confirmed before, so what was made with the old password stays.
  assert.deepEqual(await many(db, State, tombstones), []);
});

// Nobody learns from the answer whether an address has an account.
// INVARIANT 46
test("asking for a new password is answered alike, whether there is an account or not", async (t) => {
  const { as, anyone, mailbox, db } = await startWithMailbox(t);
  const { email } = await as("ada");
  const known = await anyone.post(requestPath, { email });
  for (const unknown of ["bob@mosis.test", "not an address", "", "nul\u0000@mosis.test"]) {
    const answer = await anyone.post(requestPath, { email: unknown });
    assert.deepEqual([answer.status, answer.text], [known.status, known.text], unknown);
  }
  await mailbox.untilSome(email, forgotten);
  await eventually(async () =>
    assert.equal(
      (await many(db, Type.Object({}), sql`select from mails where kind = 'password_reset'`)).length,
      0,
    ),
  );
  assert.deepEqual(
    (await mailbox.read()).filter(({ to }) => to !== email),
    [],
  );
});

// `lower()` takes the Kelvin sign for a k: typed with one, an address of somebody else would get the mail.
test("a mail goes to the address as it is stored, whatever was typed", async (t) => {
  const { as, anyone, mailbox } = await startWithMailbox(t);
  const kim = await as("kim");
  await anyone.post(requestPath, { email: "\u212Aim@mosis.test" }).expect(202);
  await anyone.post(requestPath, { email: "KIM@mosis.test" }).expect(202);
  await eventually(async () => {
    const to = new Set(
      (await mailbox.read()).filter(({ subject }) => forgotten.test(subject)).map((m) => m.to),
    );
    assert.deepEqual([...to], [kim.email]);
  });
});

// Guards "the database decides races".
// INVARIANT 46
test("of many who use one token at once, one chooses the password", async (t) => {
  const { as, anyone, mailbox, db } = await startWithMailbox(t);
  const { email } = await as("ada");
  await anyone.post(requestPath, { email }).expect(202);
  const token = await mailbox.token(email, forgotten);
  const passwords = Array.from({ length: 6 }, (_, i) => `the password of try ${i}`);
  const answers = await Promise.all(
    passwords.map((new_password) => anyone.post(resetPath, { token, new_password })),
  );
  assert.equal(answers.filter(({ status }) => status === 204).length, 1);
  for (const answer of answers) if (answer.status !== 204) assertProblem(answer, "token_invalid");
  const winner = passwords[answers.findIndex(({ status }) => status === 204)] ?? "";
  await anyone.post("/v1/sessions", { email, password: winner }).expect(201);
  const events = (await auditTrail(db)).filter(({ action }) => action === "developer.password_reset");
  assert.equal(events.length, 1);
});

// Somebody else has registered the address, made themselves at home, and waits.
// INVARIANT 46
test("whoever proves an address that was never confirmed gets nothing that others have left", async (t) => {
  const { as, anyone, withBearer, mailbox, db } = await startWithMailbox(t);
  const stranger = await as("ada");
  await execute(db, sql`update developers set verified = false, oauth_provider = 'example', oauth_id = 'x'`);
  const made = await stranger.post("/v1/keys", { name: "later", kind: "management" }).expect(201);
  const { id, secret } = made.body as { id: string; secret: string };
  const webhook = { url: "https://stranger.example/hook", event_types: ["*"] };
  await stranger.post("/v1/webhooks", webhook).expect(201);

  await anyone.post(requestPath, { email: stranger.email }).expect(202);
  const token = await mailbox.token(stranger.email, forgotten);
  await anyone.post(resetPath, { token, new_password: next }).expect(204);

  assertProblem(await withBearer(secret).get("/v1/developers/me"), "credentials_invalid");
  assert.deepEqual(await many(db, State, tombstones), [{ record_key: id }]);
  assert.deepEqual(await many(db, Type.Object({}), sql`select from webhooks`), []);
  assert.ok((await auditTrail(db)).some(({ action }) => action === "webhook.deleted"));
  const session = await anyone.post("/v1/sessions", { email: stranger.email, password: next }).expect(201);
  const me = await withBearer((session.body as { token: string }).token)
    .get("/v1/developers/me")
    .expect(200);
  const { verified, oauth_provider } = me.body as { verified: boolean; oauth_provider: string | null };
  assert.deepEqual({ verified, oauth_provider }, { verified: true, oauth_provider: null });
});

// INVARIANT 25
test("changing the password needs the current one, and ends all sessions but this", async (t) => {
  const { as, anyone, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  const { email, password } = ada;
  const session = await anyone.post("/v1/sessions", { email, password }).expect(201);
  const other = withBearer((session.body as { token: string }).token);
  const path = "/v1/developers/me:change-password";
  assertProblem(await ada.post(path, { new_password: next }), "confirmation_required");
  assertProblem(await ada.post(path, { password: "wrong", new_password: next }), "confirmation_required");
  assertProblem(await ada.post(path, { password, new_password: "short" }), "invalid_request");
  const once = (caller: typeof ada) =>
    caller.post(path, { password, new_password: next }).set("Idempotency-Key", "1");
  // Whoever comes late finds the password changed: by the same request, so it is not wrong.
  for (const answer of await Promise.all(Array.from({ length: 5 }, () => once(ada)))) {
    if (answer.status !== 204) assertProblem(answer, "request_in_flight");
  }
  const again = await once(ada).expect(204);
  assert.equal(again.headers["idempotency-replayed"], "true");
  const wrong = { password, new_password: "something else again" };
  assertProblem(await ada.post(path, wrong).set("Idempotency-Key", "1"), "idempotency_key_reused");
  assertProblem(await other.get("/v1/developers/me"), "credentials_invalid");
  await ada.get("/v1/developers/me").expect(200);
  assertProblem(await anyone.post("/v1/sessions", { email, password }), "credentials_invalid");
});

// Guards "passwords are not guessed": in however many processes, and at once.
// INVARIANT 46
test("wrong passwords are counted by account over all processes; a reset lets its owner in", async (t) => {
  const catalog = await startWithMailbox(t);
  const { as, anyone, mailbox, startAnother } = catalog;
  const { email, password } = await as("ada");
  const another = await startAnother();
  const guess = (address: string) => (i: number) =>
    (i % 2 === 0 ? anyone : another.anyone).post("/v1/sessions", { email: address, password: `guess ${i}` });
  const numbers = Array.from({ length: 24 }, (_, i) => i);
  const [known, unknown] = await Promise.all([
    Promise.all(numbers.map(guess(email))),
    Promise.all(numbers.map(guess("nobody@mosis.test"))),
  ]);
  for (const answers of [known, unknown]) {
    assert.equal(answers.filter(({ status }) => status === 401).length, 10);
    const refused = answers.filter(({ status }) => status === 429);
    assert.equal(refused.length, 14);
    for (const answer of refused) {
      assertProblem(answer, "rate_limited");
      const seconds = Number(answer.headers["retry-after"]);
      assert.ok(seconds > 800 && seconds <= 900, String(seconds));
    }
  }
  // Also with the right one: who guesses must not learn it by that.
  assertProblem(await anyone.post("/v1/sessions", { email, password }), "rate_limited");
  await anyone.post(requestPath, { email }).expect(202);
  const token = await mailbox.token(email, forgotten);
  await anyone.post(resetPath, { token, new_password: next }).expect(204);
  await anyone.post("/v1/sessions", { email, password: next }).expect(201);
});

// `lower()` takes a capital I with a dot for an i, the Kelvin sign for a k; JavaScript the second alone.
// INVARIANT 46
test("wrong passwords are counted by account, however its address is spelled", async (t) => {
  const { as, anyone } = await startCatalog(t);
  await as("victim.kim");
  const guess = (name: string) =>
    anyone.post("/v1/sessions", { email: `${name}@mosis.test`, password: "no" });
  const spellings = ["victim.kim", "VICTIM.KIM", "v\u0130ctim.kim", "victim.\u212Aim"];
  for (let i = 0; i < 10; i++) {
    assertProblem(await guess(spellings[i % spellings.length] ?? ""), "credentials_invalid");
  }
  for (const name of [...spellings, "v\u0130ct\u0130m.k\u0130m"]) {
    assertProblem(await guess(name), "rate_limited");
  }
});

test("right passwords are not counted", async (t) => {
  const { as, anyone } = await startCatalog(t);
  const { email, password } = await as("ada");
  for (let i = 0; i < 12; i++) await anyone.post("/v1/sessions", { email, password }).expect(201);
  const wrong = await anyone.post("/v1/sessions", { email, password: "wrong" });
  assert.deepEqual(withoutRequest(wrong).status, 401);
});

// A flood of sign-ins must not use up the tries of those who are refused in it.
test("passwords that were not looked at are not counted", async (t) => {
  const { as, anyone, startAnother } = await startCatalog(t);
  const { email, password, token, ...ada } = await as("ada");
  const full = await startAnother({}, { passwordHashes: { runningMax: 0, waitingMax: 0 } });
  const path = "/v1/developers/me:change-password";
  const body = { password, new_password: next };
  for (let i = 0; i < 11; i++) {
    assertProblem(await full.anyone.post("/v1/sessions", { email, password }), "unavailable");
    assertProblem(await full.withBearer(token).post(path, body), "unavailable");
  }
  await anyone.post("/v1/sessions", { email, password }).expect(201);
  await ada.post(path, body).expect(204);
});
