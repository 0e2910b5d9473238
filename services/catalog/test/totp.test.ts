import assert from "node:assert/strict";
import { test } from "node:test";
import { totpCode } from "@mosis/devstack";
import { execute, many, sql } from "@mosis/postgres";
import type { SecondFactors, TotpSecret } from "@mosis/types/second-factors";
import type { Session } from "@mosis/types/sessions";
import Type from "typebox";
import { enrolTotp, firstHalf, forgetCodes, startWithFactors } from "./enrolling.ts";
import { assertProblem, auditTrail, type Caller, withoutRequest } from "./support.ts";

const totp = "/v1/developers/me/totp";
const factorsOf = async (caller: Caller) =>
  (await caller.get("/v1/developers/me/second-factors").expect(200)).body as SecondFactors;

const statusesOf = (answers: { status: number }[]) =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);

// INVARIANT 46
test("with an authenticator app a password begins no session, and its code does, once", async (t) => {
  const { as, anyone, complete, db } = await startWithFactors(t);
  const ada = await as("ada");
  const { secret, code } = await enrolTotp(ada);

  const { sign_in_token, second_factors, ...rest } = await firstHalf(anyone, ada);
  assert.deepEqual(second_factors, ["totp", "recovery_code"]);
  assert.deepEqual(Object.keys(rest), ["expires_at"]);
  // The code that confirmed the secret is used up, and so is any before it.
  const used = await anyone.post("/v1/sessions:complete", { sign_in_token, totp_code: code });
  assertProblem(used, "credentials_invalid");
  const next = { totp_code: totpCode(secret, { stepsLater: 1 }) };
  const twice = await Promise.all(Array.from({ length: 4 }, async () => complete(ada, next)));
  assert.deepEqual(statusesOf(twice), [201, 401, 401, 401]);
  const winner = twice.find(({ status }) => status === 201);
  assert.deepEqual(Object.keys(winner?.body as object).toSorted(), ["expires_at", "token"]);
  await forgetCodes(db);
  assertProblem(
    await complete(ada, { totp_code: totpCode(secret, { stepsLater: 3 }) }),
    "credentials_invalid",
  );
});

test("a wrong, a used and a missing second factor are answered alike, byte for byte", async (t) => {
  const { as, complete } = await startWithFactors(t);
  const ada = await as("ada");
  const { code: used } = await enrolTotp(ada);
  const wrong = await complete(ada, { totp_code: used === "000000" ? "000001" : "000000" });
  assertProblem(wrong, "credentials_invalid");
  const passkey = { id: "AAAA", rawId: "AAAA", type: "public-key" };
  const response = { clientDataJSON: "e30", authenticatorData: "AAAA", signature: "AAAA" };
  for (const other of [
    { totp_code: used },
    { recovery_code: "0000-0000-0000-0000" },
    { passkey: { ...passkey, response } },
  ]) {
    assert.deepEqual(withoutRequest(await complete(ada, other)), withoutRequest(wrong));
  }
});

// Guards "nobody guesses": by the token, and by the account over all tokens.
// INVARIANT 46
test("a sign-in takes five attempts, an account ten wrong codes, whatever is tried at once", async (t) => {
  const { as, anyone, complete, signIn, db } = await startWithFactors(t);
  const ada = await as("ada");
  const { secret, recoveryCodes } = await enrolTotp(ada);
  await forgetCodes(db);
  const { sign_in_token } = await firstHalf(anyone, ada);
  const guess = (totp_code: string) => anyone.post("/v1/sessions:complete", { sign_in_token, totp_code });
  const wrongs = Array.from({ length: 8 }, (_, index) => `99990${index}`);
  const answers = await Promise.all(wrongs.map(guess));
  assert.deepEqual(statusesOf(answers), [401, 401, 401, 401, 401, 422, 422, 422]);
  assertProblem(await guess(totpCode(secret)), "token_invalid");

  for (const wrong of wrongs.slice(0, 5)) {
    assertProblem(await complete(ada, { totp_code: wrong }), "credentials_invalid");
  }
  assertProblem(await complete(ada, { totp_code: totpCode(secret) }), "rate_limited");
  // Whoever guesses codes keeps nobody out who has a recovery code.
  await signIn(ada, { recovery_code: recoveryCodes?.[0] });
  await execute(db, sql`delete from throttles`);
  await signIn(ada, { totp_code: totpCode(secret) });
});

test("a sign-in is for its account, ends after ten minutes, and is completed once", async (t) => {
  const { as, anyone, db } = await startWithFactors(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const { secret, recoveryCodes } = await enrolTotp(ada);
  const ofBob = await enrolTotp(bob);
  await forgetCodes(db);
  const complete = (sign_in_token: string, factor: object) =>
    anyone.post("/v1/sessions:complete", { sign_in_token, ...factor });
  const { sign_in_token } = await firstHalf(anyone, ada);
  for (const foreign of [
    { totp_code: totpCode(ofBob.secret) },
    { recovery_code: ofBob.recoveryCodes?.[0] },
  ]) {
    assertProblem(await complete(sign_in_token, foreign), "credentials_invalid");
  }
  const both = await Promise.all(
    [0, 1].map((index) => complete(sign_in_token, { recovery_code: recoveryCodes?.[index] })),
  );
  const [first, second] = statusesOf(both);
  assert.equal(first, 201);
  assert.ok(second === 401 || second === 422, String(second));
  assertProblem(await complete(sign_in_token, { totp_code: totpCode(secret) }), "token_invalid");

  const late = await firstHalf(anyone, ada);
  await execute(db, sql`update sign_ins set expires_at = now()`);
  assertProblem(await complete(late.sign_in_token, { totp_code: totpCode(secret) }), "token_invalid");
  assertProblem(await complete("mn_live_none", { totp_code: "000000" }), "token_invalid");
  for (const body of [{}, { totp_code: "1", recovery_code: "2" }, { totp_code: "12 456" }]) {
    assertProblem(await complete(sign_in_token, body), "invalid_request");
  }
});

test("the first factor ends other sessions, and only a confirmed address has one", async (t) => {
  const { as, anyone, withBearer, db } = await startWithFactors(t);
  const ada = await as("ada");
  const { email, password } = ada;
  const before = await anyone.post("/v1/sessions", { email, password }).expect(201);
  const other = withBearer((before.body as { token: string }).token);
  await other.get("/v1/developers/me").expect(200);
  await enrolTotp(ada);
  assertProblem(await other.get("/v1/developers/me"), "credentials_invalid");
  const { body } = await ada.get("/v1/sessions").expect(200);
  const sessions = (body as { data: Session[] }).data;
  assert.deepEqual(
    sessions.map(({ current, second_factor }) => [current, second_factor]),
    [[true, "totp"]],
  );

  const bob = await as("bob");
  await execute(db, sql`update developers set verified = false where id = ${bob.id}`);
  assertProblem(await bob.post(totp), "email_unverified");
});

// A sign-in that read "no factor" before it was enrolled must not leave a session without one.
// INVARIANT 46
test("whoever signs in while the first factor is enrolled gets no session that stays", async (t) => {
  const { as, anyone, withBearer } = await startWithFactors(t);
  const ada = await as("ada");
  const { email, password } = ada;
  const { body } = await ada.post(totp).expect(201);
  const { secret } = body as TotpSecret;
  const confirm = ada.post(`${totp}:confirm`, { code: totpCode(secret) });
  const signIns = Array.from({ length: 6 }, () => anyone.post("/v1/sessions", { email, password }));
  const [confirmed, ...answers] = await Promise.all([confirm, ...signIns]);
  assert.equal(confirmed?.status, 200);
  for (const answer of answers) {
    if (answer.status !== 201) continue;
    const late = await withBearer((answer.body as { token: string }).token).get("/v1/developers/me");
    assertProblem(late, "credentials_invalid");
  }
});

// INVARIANT 46
test("factors are changed within ten minutes of a sign-in, and told to the owner", async (t) => {
  const { as, db, signIn } = await startWithFactors(t);
  const ada = await as("ada");
  const old = () =>
    execute(
      db,
      sql`
        update sessions
        set created_at = now() - interval '11 minutes', second_factor_at = now() - interval '11 minutes'`,
    );
  await old();
  assertProblem(await ada.post(totp), "confirmation_required");
  await execute(db, sql`update sessions set created_at = now()`);
  const { recoveryCodes } = await enrolTotp(ada);
  await old();
  for (const refused of [
    await ada.post(totp),
    await ada.delete(totp),
    await ada.post("/v1/developers/me/recovery-codes"),
  ]) {
    assertProblem(refused, "confirmation_required");
  }
  assert.equal((await factorsOf(ada)).recovery_codes_left, 10);

  const again = await signIn(ada, { recovery_code: recoveryCodes?.[0] });
  await again.delete(totp).expect(204);
  assertProblem(await again.delete(totp), "not_found");
  assertProblem(await again.post("/v1/developers/me/recovery-codes"), "state_conflict");
  assert.deepEqual(await factorsOf(again), { totp: null, passkeys: 0, recovery_codes_left: 0 });
  const kinds = await many(
    db,
    Type.Object({ kind: Type.String() }),
    sql`select kind from mails where kind like 'second%' order by created_at, id`,
  );
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    ["second_factor_added", "second_factor_removed"],
  );
  const actions = new Set((await auditTrail(db)).map(({ action }) => action));
  assert.ok(actions.has("totp.created") && actions.has("totp.deleted"));
});

test("another authenticator app takes the place of the first when it is confirmed, not before", async (t) => {
  const { as, signIn, complete, db } = await startWithFactors(t);
  const ada = await as("ada");
  const { secret: first } = await enrolTotp(ada);
  const { body } = await ada.post(totp).expect(201);
  const { secret: second, otpauth_uri } = body as TotpSecret;
  assert.ok(otpauth_uri.startsWith("otpauth://totp/Mosis:ada%40mosis.test?"));
  await forgetCodes(db);
  assertProblem(await complete(ada, { totp_code: totpCode(second) }), "credentials_invalid");
  await signIn(ada, { totp_code: totpCode(first) });
  assertProblem(await ada.post(`${totp}:confirm`, { code: totpCode(first) }), "token_invalid");
  const confirmed = await ada.post(`${totp}:confirm`, { code: totpCode(second) }).expect(200);
  assert.deepEqual(confirmed.body, { recovery_codes: null });
  assertProblem(await ada.post(`${totp}:confirm`, { code: totpCode(second) }), "state_conflict");
  await forgetCodes(db);
  assertProblem(await complete(ada, { totp_code: totpCode(first) }), "credentials_invalid");
  await signIn(ada, { totp_code: totpCode(second) });
});
