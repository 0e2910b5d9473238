import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import Type from "typebox";
import { hashSecret } from "../src/shared/secret-hash.ts";
import { newSessionToken } from "../src/access/session-token.ts";
import {
  assertProblem,
  auditTrail,
  eventually,
  everythingStored,
  startCatalog,
  withoutRequest,
} from "./support.ts";

test("signing in answers with a token and its end, whatever the case of the address", async (t) => {
  const { as, anyone, withBearer } = await startCatalog(t, { sessionHours: 2 });
  const { email, password, id } = await as("ada");
  const { body } = await anyone.post("/v1/sessions", { email: email.toUpperCase(), password }).expect(201);
  const { token, expires_at, ...rest } = body as { token: string; expires_at: string };
  assert.deepEqual(rest, {});
  assert.ok(Math.abs(Date.parse(expires_at) - Date.now() - 2 * 3_600_000) < 60_000);
  const me = await withBearer(token).get("/v1/developers/me").expect(200);
  assert.equal((me.body as { id: string }).id, id);
});

// Nobody learns from the answer whether an address has an account.
test("an unknown address and a wrong password are answered alike, byte for byte", async (t) => {
  const { as, anyone, db } = await startCatalog(t);
  const { email, password } = await as("ada");
  await execute(db, sql`insert into developers (email, name) values ('oauth@mosis.test', 'no password')`);
  const before = await auditTrail(db);
  const wrongPassword = await anyone.post("/v1/sessions", { email, password: `${password}!` });
  assertProblem(wrongPassword, "credentials_invalid");
  assert.equal(wrongPassword.headers["www-authenticate"], "Bearer");
  for (const unknown of [
    "bob@mosis.test",
    "oauth@mosis.test",
    "not an address",
    "",
    "nul\u0000@mosis.test",
  ]) {
    const answer = await anyone.post("/v1/sessions", { email: unknown, password });
    assertProblem(answer, "credentials_invalid");
    assert.deepEqual(withoutRequest(answer), withoutRequest(wrongPassword), unknown);
  }
  assert.deepEqual(await auditTrail(db), before, "what changed nothing leaves no event");
});

// Guards "secrets are stored only as hashes".
// INVARIANT 43
test("a token is nowhere but in its answer", async (t) => {
  const { as, db } = await startCatalog(t);
  const { token } = await as("ada");
  const stored = await everythingStored(db);
  assert.ok(!stored.includes(token) && !stored.includes(token.slice("ms_live_".length)));
  assert.equal(stored.split(hashSecret(token)).length - 1, 1, "its hash is in its session's row alone");
});

// Guards "a revoked or expired key stops working within 5 s": here, at once.
test("a session ends by signing out or by time, and then answers like a token that never was", async (t) => {
  const { as, anyone, db, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  const again = await anyone.post("/v1/sessions", { email: ada.email, password: ada.password }).expect(201);
  const other = withBearer((again.body as { token: string }).token);

  await ada.delete("/v1/sessions").expect(204);
  const never = await withBearer(newSessionToken()).get("/v1/developers/me");
  assertProblem(never, "credentials_invalid");
  assert.deepEqual(withoutRequest(await ada.get("/v1/developers/me")), withoutRequest(never));

  await other.get("/v1/developers/me").expect(200);
  await execute(db, sql`update sessions set expires_at = now()`);
  // What is not changed through the API is seen a moment later.
  await eventually(() => other.get("/v1/developers/me").expect(401), 5000);
  assert.deepEqual(withoutRequest(await other.get("/v1/developers/me")), withoutRequest(never));
});

// Guards "no change without its event, no event without its change".
test("signing in and out leave one event each, also when one signs out many times at once", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const answers = await Promise.all(Array.from({ length: 5 }, () => ada.delete("/v1/sessions")));
  for (const answer of answers) {
    if (answer.status !== 204) assertProblem(answer, "credentials_invalid");
  }
  const [, signedIn, signedOut, ...others] = await auditTrail(db);
  assert.deepEqual([signedIn?.action, signedOut?.action, others], ["session.created", "session.deleted", []]);
  assert.deepEqual(signedIn?.actor, { kind: "session", id: signedIn?.target_id });
  assert.deepEqual(signedOut?.actor, signedIn?.actor);
  assert.equal(signedOut?.target_id, signedIn?.target_id);
});

// Guards "nothing is unbounded" and "no change without its event".
test("the oldest session ends when there would be too many, and the audit trail says so", async (t) => {
  const { as, anyone, db } = await startCatalog(t);
  const ada = await as("ada");
  await execute(
    db,
    sql`
      insert into sessions (id, developer_id, token_hash, created_at, expires_at)
      select gen_random_uuid(), ${ada.id}, n::text, now() + n * interval '1 second',
             now() + (n - 1) * interval '1 day'
      from generate_series(1, 99) n`,
  );
  const { email, password } = ada;
  // One of the hundred has ended by time, so there is room once more.
  await anyone.post("/v1/sessions", { email, password }).expect(201);
  await ada.get("/v1/developers/me").expect(200);
  await anyone.post("/v1/sessions", { email, password }).expect(201);
  assertProblem(await ada.get("/v1/developers/me"), "credentials_invalid");

  const left = await many(db, Type.Object({ id: Type.String() }), sql`select id from sessions`);
  assert.equal(left.length, 100);
  const [, first, ...later] = await auditTrail(db);
  const actions = later.map(({ action }) => action);
  assert.deepEqual(actions, ["session.created", "session.deleted", "session.created"]);
  assert.equal(later[1]?.target_id, first?.target_id);
  assert.deepEqual(later[1]?.actor, later[2]?.actor, "the session that took its place ended it");
});

test("what is no credential of ours is refused alike, without a look-up", async (t) => {
  const { as, withBearer, anyone } = await startCatalog(t);
  const ada = await as("ada");
  const made = await ada.post("/v1/keys", { name: "k", kind: "management" }).expect(201);
  const { secret } = made.body as { secret: string };
  const never = await withBearer(newSessionToken()).get("/v1/apps");
  assert.equal(never.headers["www-authenticate"], 'Bearer error="invalid_token"');
  const typo = secret.slice(0, -1) + (secret.endsWith("a") ? "b" : "a");
  for (const wrong of [
    "x",
    "ms_live_",
    "mk_live_",
    typo,
    secret.replace("mk_", "mi_"),
    ada.token.slice(0, -1),
  ]) {
    assert.deepEqual(withoutRequest(await withBearer(wrong).get("/v1/apps")), withoutRequest(never), wrong);
  }
  for (const header of ["", "Bearer", "Bearer  ", "Basic YTpi", `Bearer ${"a".repeat(600)}`, secret]) {
    assertProblem(await anyone.get("/v1/apps").set("Authorization", header), "credentials_missing");
  }
});

test("only a session signs out: a key is told so", async (t) => {
  const { as, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  const made = await ada.post("/v1/keys", { name: "k", kind: "management" }).expect(201);
  const key = withBearer((made.body as { secret: string }).secret);
  assertProblem(await key.delete("/v1/sessions"), "permission_missing");
  await ada.get("/v1/developers/me").expect(200);
});

test("a list shows from where and with what one is signed in, and ends any of it", async (t) => {
  const { as, anyone, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  const bob = await as("bob");
  const { email, password } = ada;
  const agent = `Mosis Portal ${"x".repeat(300)}`;
  const second = await anyone.post("/v1/sessions", { email, password }).set("User-Agent", agent).expect(201);
  const other = withBearer((second.body as { token: string }).token);
  const { body } = await ada.get("/v1/sessions").expect(200);
  const [newest, oldest] = (body as { data: Record<string, unknown>[] }).data;
  assert.deepEqual([newest?.["current"], oldest?.["current"]], [false, true]);
  assert.equal(newest?.["user_agent"], agent.slice(0, 200));
  assert.deepEqual([newest?.["address"], newest?.["last_address"]], ["127.0.0.1", "127.0.0.1"]);

  const path = `/v1/sessions/${String(newest?.["id"])}`;
  const missing = await bob.delete("/v1/sessions/00000000-0000-4000-8000-000000000000");
  assert.deepEqual(withoutRequest(await bob.delete(path)), withoutRequest(missing));
  await ada.delete(path).expect(204);
  assertProblem(await other.get("/v1/developers/me"), "credentials_invalid");
  for (let i = 0; i < 3; i++) await anyone.post("/v1/sessions", { email, password }).expect(201);
  const revoked = await ada.post("/v1/sessions:revoke-others").expect(200);
  assert.deepEqual(revoked.body, { revoked: 3 });
  await ada.get("/v1/developers/me").expect(200);
});

test("a session that is not used ends, and one that is used does not", async (t) => {
  const { as, db, withBearer, startAnother } = await startCatalog(t, { sessionIdleMinutes: 30 });
  const ada = await as("ada");
  await execute(db, sql`update sessions set last_used_at = now() - interval '29 minutes'`);
  // Another process, which has not looked the session up yet.
  await (await startAnother()).withBearer(ada.token).get("/v1/developers/me").expect(200);
  const Used = Type.Object({ fresh: Type.Boolean() });
  const rows = await many(
    db,
    Used,
    sql`select last_used_at > now() - interval '1 minute' as fresh from sessions`,
  );
  assert.deepEqual(rows, [{ fresh: true }]);
  await execute(db, sql`update sessions set last_used_at = now() - interval '31 minutes'`);
  const later = (await startAnother()).withBearer(ada.token);
  const never = await withBearer(newSessionToken()).get("/v1/developers/me");
  assert.deepEqual(withoutRequest(await later.get("/v1/developers/me")), withoutRequest(never));
});

// Guards "the database decides races": an old password begins no session that outlives its end.
// INVARIANT 46
test("whoever signs in while the password is changed gets no session that stays", async (t) => {
  const { as, anyone, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  const { email, password } = ada;
  const change = ada.post("/v1/developers/me:change-password", {
    password,
    new_password: "another password",
  });
  const signIns = Array.from({ length: 6 }, () => anyone.post("/v1/sessions", { email, password }));
  const [changed, ...answers] = await Promise.all([change, ...signIns]);
  assert.equal(changed?.status, 204);
  for (const { status, body } of answers) {
    if (status !== 201) continue;
    const late = await withBearer((body as { token: string }).token).get("/v1/developers/me");
    assertProblem(late, "credentials_invalid");
  }
});
