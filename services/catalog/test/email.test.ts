import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import type { Response } from "supertest";
import Type from "typebox";
import { requireVerified } from "../src/developers/verified.ts";
import { newAccountToken } from "../src/accounts/tokens/token.ts";
import { startWithMailbox } from "./mailbox.ts";
import { assertProblem, auditTrail, startCatalog, withoutRequest } from "./support.ts";

const ada = { email: "Ada@mosis.test", name: "Ada", password: "correct horse battery" };
const verifyPath = "/v1/developers:verify-email";
const changePath = "/v1/developers/me:change-email";

type Catalog = Awaited<ReturnType<typeof startCatalog>>;

/** Registered and signed in, and not verified. */
async function registered({ anyone, withBearer }: Catalog, account = ada) {
  const { body } = await anyone.post("/v1/developers", account).expect(201);
  const { email, password } = account;
  const session = await anyone.post("/v1/sessions", { email, password }).expect(201);
  const caller = withBearer((session.body as { token: string }).token);
  return { ...caller, id: (body as { id: string }).id };
}

const me = async (caller: { get: Catalog["anyone"]["get"] }) =>
  (await caller.get("/v1/developers/me").expect(200)).body as { email: string; verified: boolean };

test("whoever reads the mail confirms the address, and only then may do what others see", async (t) => {
  const catalog = await startWithMailbox(t);
  const { anyone, mailbox, db } = catalog;
  const caller = await registered(catalog);
  const refused = (error: unknown) => (error as { code?: string }).code === "email_unverified";
  await assert.rejects(requireVerified(db, caller.id), refused);

  const token = await mailbox.token(ada.email, /Confirm your e-mail/);
  await anyone.post(verifyPath, { token, password: ada.password }).expect(204);
  assert.equal((await me(caller)).verified, true);
  await requireVerified(db, caller.id);

  const last = (await auditTrail(db)).at(-1);
  const { action, actor, target_id, payload } = last ?? assert.fail();
  assert.deepEqual(
    { action, actor, target_id, verified: payload["verified"] },
    { action: "developer.verified", actor: { kind: "system", id: "" }, target_id: caller.id, verified: true },
  );
});

// Guards "a request with an Idempotency-Key is done once": what comes before the change, too.
// INVARIANT 25
test("a mail that is asked for again with its Idempotency-Key is sent and counted once", async (t) => {
  // Nothing sends here: what is to be sent stays in its table.
  const catalog = await startCatalog(t);
  const caller = await registered(catalog);
  const ask = (path: string, key: string, body?: object) =>
    caller.post(path, body).set("Idempotency-Key", key);
  const sendPath = "/v1/developers/me:send-verification";
  const change = { email: "ada@elsewhere.test", password: ada.password };
  // More often than an address is sent mails in an hour.
  for (let i = 0; i < 12; i++) {
    await ask(sendPath, "send").expect(202);
    await ask(changePath, "change", change).expect(202);
  }
  assertProblem(await ask(changePath, "change", { ...change, email: "a@b.test" }), "idempotency_key_reused");
  await execute(catalog.db, sql`update developers set verified = true`);
  await ask(sendPath, "send").expect(202);
  assertProblem(await ask(sendPath, "another"), "state_conflict");
  const mails = await many(catalog.db, Mail, sql`select kind, recipient from mails order by id`);
  assert.deepEqual(mails, [
    { kind: "email_verification", recipient: ada.email },
    { kind: "email_verification", recipient: ada.email },
    { kind: "email_change", recipient: change.email },
  ]);
});

const Mail = Type.Object({ kind: Type.String(), recipient: Type.String() });

// Guards "the database decides races".
test("of many who use one token at once, one does, and leaves one event", async (t) => {
  const catalog = await startWithMailbox(t);
  const { anyone, mailbox, db } = catalog;
  await registered(catalog);
  const token = await mailbox.token(ada.email, /Confirm your e-mail/);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => anyone.post(verifyPath, { token, password: ada.password })),
  );
  const done = answers.filter(({ status }) => status === 204);
  assert.equal(done.length, 1);
  for (const answer of answers) if (answer.status !== 204) assertProblem(answer, "token_invalid");
  const events = (await auditTrail(db)).filter(({ action }) => action === "developer.verified");
  assert.equal(events.length, 1);
});

test("a token that is unknown, used, expired or for something else is answered alike", async (t) => {
  const catalog = await startWithMailbox(t);
  const { anyone, mailbox, db } = catalog;
  await registered(catalog);
  const token = await mailbox.token(ada.email, /Confirm your e-mail/);
  const unknown = await anyone.post(verifyPath, { token: newAccountToken() });
  assertProblem(unknown, "token_invalid");
  const alike = (answer: Response) => assert.deepEqual(withoutRequest(answer), withoutRequest(unknown));
  const reset = { token, new_password: "another password" };
  assertProblem(await anyone.post("/v1/developers:reset-password", reset), "token_invalid");
  await execute(db, sql`update account_tokens set expires_at = now()`);
  alike(await anyone.post(verifyPath, { token, password: ada.password }));
  await execute(db, sql`update account_tokens set expires_at = now() + interval '1 hour'`);
  await anyone.post(verifyPath, { token, password: ada.password }).expect(204);
  alike(await anyone.post(verifyPath, { token, password: ada.password }));
  for (const text of ["", "x", "ma_live_", "nul\u0000"]) {
    alike(await anyone.post(verifyPath, { token: text }));
  }
});

test("the mail can be sent again a few times, then it is a 429 that says when", async (t) => {
  const catalog = await startWithMailbox(t);
  const { anyone, mailbox } = catalog;
  const caller = await registered(catalog);
  for (let i = 0; i < 3; i++) await caller.post("/v1/developers/me:send-verification").expect(202);
  const refused = await caller.post("/v1/developers/me:send-verification");
  assertProblem(refused, "rate_limited");
  const seconds = Number(refused.headers["retry-after"]);
  assert.ok(seconds > 1100 && seconds <= 1200, String(seconds));

  const mails = await mailbox.untilSome(ada.email, /Confirm your e-mail/, 4);
  assert.equal(new Set(mails.map(({ text }) => text)).size, 4, "each has a token of its own");
  const token = await mailbox.token(ada.email, /Confirm your e-mail/, 4);
  await anyone.post(verifyPath, { token, password: ada.password }).expect(204);
  assertProblem(await caller.post("/v1/developers/me:send-verification"), "state_conflict");
});

test("another address is used once it has answered, and the old one is told", async (t) => {
  const catalog = await startWithMailbox(t);
  const { anyone, mailbox, db } = catalog;
  const caller = await registered(catalog);
  await execute(db, sql`update developers set verified = true`);
  const { password } = ada;
  const email = "ada@moved.test";
  await anyone.post("/v1/developers:request-password-reset", { email: ada.email }).expect(202);
  const reset = await mailbox.token(ada.email, /Choose a new password/);

  await caller.post(changePath, { email, password }).expect(202);
  assert.equal((await me(caller)).email, ada.email, "as it was");
  const token = await mailbox.token(email, /Confirm your new/);
  await anyone.post(verifyPath, { token, password: ada.password }).expect(204);
  assert.deepEqual(await me(caller), { ...(await me(caller)), email, verified: true });
  const [notice] = await mailbox.untilSome(ada.email, /address was changed/);
  assert.ok(!notice?.text.includes(email), "the old address does not learn the new one");

  // What was sent to the old address before opens nothing any more.
  const tooLate = { token: reset, new_password: "another password" };
  assertProblem(await anyone.post("/v1/developers:reset-password", tooLate), "token_invalid");
  assertProblem(await anyone.post("/v1/sessions", { email: ada.email, password }), "credentials_invalid");
  await anyone.post("/v1/sessions", { email, password }).expect(201);
  assert.equal((await auditTrail(db)).filter(({ action }) => action === "developer.email_changed").length, 1);
});

test("another address needs the password, and one that nobody has", async (t) => {
  const catalog = await startWithMailbox(t);
  const { anyone, mailbox } = catalog;
  const caller = await registered(catalog);
  await registered(catalog, { ...ada, email: "bob@mosis.test" });
  const { password } = ada;
  const email = "ada@moved.test";
  assertProblem(await caller.post(changePath, { email }), "confirmation_required");
  assertProblem(await caller.post(changePath, { email, password: "wrong" }), "confirmation_required");
  assertProblem(await caller.post(changePath, { email: "BOB@mosis.test", password }), "email_taken");
  assertProblem(await caller.post(changePath, { email: "x", password }), "invalid_request");

  // Taken between the mail and the token: the database decides.
  await caller.post(changePath, { email, password }).expect(202);
  const token = await mailbox.token(email, /Confirm your new/);
  await anyone.post("/v1/developers", { ...ada, email }).expect(201);
  assertProblem(await anyone.post(verifyPath, { token, password: ada.password }), "email_taken");
  assert.equal((await me(caller)).email, ada.email);
});

test("keys change no account, whatever they may do", async (t) => {
  const catalog = await startWithMailbox(t);
  const { withBearer } = catalog;
  const caller = await registered(catalog);
  const made = await caller.post("/v1/keys", { name: "ci", kind: "management" }).expect(201);
  const key = withBearer((made.body as { secret: string }).secret);
  const paths = ["send-verification", "change-email", "change-password", "delete"];
  for (const path of paths) {
    assertProblem(await key.post(`/v1/developers/me:${path}`, {}), "permission_missing");
  }
  assertProblem(await key.get("/v1/sessions"), "permission_missing");
  assertProblem(await key.patch("/v1/developers/me", { name: "x" }), "permission_missing");
});
