import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, one, sql, transaction } from "@mosis/postgres";
import Type from "typebox";
import { newAccountToken } from "../src/accounts/tokens/token.ts";
import { newSessionToken } from "../src/access/session-token.ts";
import { assertProblem, eventually, startCatalog } from "./support.ts";

const Count = Type.Object({ n: Type.Integer() });
const unlimited = { reads: 1e7, writes: 1e7, publicReads: 1e7, publicWrites: 1e7 };

// INVARIANT 62
test("changes of one account that wait for each other leave connections to others", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const changes: PromiseLike<{ status: number }>[] = [];
  await transaction(db, async (tx) => {
    // What every change of ada waits for, until this transaction ends.
    await execute(tx, sql`select pg_advisory_xact_lock(hashtextextended(${ada.id}::text, 1))`);
    for (let i = 0; i < 60; i++) {
      const change = ada.post("/v1/apps", { package_id: `org.ada.a${i}`, name: "A" });
      changes.push(change.then((answer) => answer));
    }
    await eventually(async () => {
      const { n } = await one(
        db,
        Count,
        sql`
          select count(*)::int as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      );
      assert.equal(n, 3, "as many as its share wait in the database");
    });
    await bob.post("/v1/apps", { package_id: "org.bob.b", name: "B" }).expect(201);
    await bob.get("/v1/apps").expect(200);
  });
  const answers = await Promise.all(changes);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
});

// INVARIANT 62
test("an account has as many apps and keys as it may, however many are asked for at once", async (t) => {
  const { as, db } = await startCatalog(t, { accountCaps: { apps: 3, keys: 4 } });
  const [ada, bob] = [await as("ada"), await as("bob")];
  const apps = Array.from({ length: 12 }, (_, i) =>
    ada.post("/v1/apps", { package_id: `org.ada.a${i}`, name: "A" }),
  );
  const keys = Array.from({ length: 12 }, () => ada.post("/v1/keys", { name: "k", kind: "management" }));
  for (const [answers, max] of [
    [await Promise.all(apps), 3],
    [await Promise.all(keys), 4],
  ] as const) {
    assert.equal(answers.filter(({ status }) => status === 201).length, max);
    const refused = answers.find(({ status }) => status !== 201);
    assert.ok(refused);
    assert.match(assertProblem(refused, "limit_reached").detail, /delete some first/);
  }
  const { n } = await one(
    db,
    Count,
    sql`select (select count(*) from apps) + (select count(*) from api_keys) as n`,
  );
  assert.equal(n, 7);
  await bob.post("/v1/keys", { name: "k", kind: "management" }).expect(201);
});

// INVARIANT 62
test("more sessions and keys of an account are not more requests", async (t) => {
  const requestRates = { ...unlimited, reads: 6 };
  const { as, anyone, withBearer } = await startCatalog(t, { requestRates });
  const [ada, bob] = [await as("ada"), await as("bob")];
  const { email, password } = ada;
  const session = await anyone.post("/v1/sessions", { email, password }).expect(201);
  const key = await ada.post("/v1/keys", { name: "k", kind: "management" }).expect(201);
  const secrets = [
    ada.token,
    (session.body as { token: string }).token,
    (key.body as { secret: string }).secret,
  ];
  for (const secret of [...secrets, ...secrets]) await withBearer(secret).get("/v1/apps").expect(200);
  for (const secret of secrets) assertProblem(await withBearer(secret).get("/v1/apps"), "rate_limited");
  await bob.get("/v1/apps").expect(200);
});

// INVARIANT 62
test("what nobody has reaches PostgreSQL seldom, and what cannot be ours never", async (t) => {
  const { startAnother, as } = await startCatalog(t);
  const ada = await as("ada");
  let statements = 0;
  const { withBearer, anyone } = await startAnother({ onStatement: () => void statements++ });
  const madeUp = [
    "ms_live_guess",
    `ms_live_${"a".repeat(43)}`,
    `ms_live_${"a".repeat(49)}`,
    "mk_live_x",
    "x",
  ];
  for (const secret of madeUp) {
    assertProblem(await withBearer(secret).get("/v1/apps"), "credentials_invalid");
  }
  for (const token of ["ma_live_guess", `ma_live_${"b".repeat(49)}`]) {
    assertProblem(await anyone.post("/v1/developers:verify-email", { token }), "token_invalid");
    const reset = { token, new_password: "the new password of ada" };
    assertProblem(await anyone.post("/v1/developers:reset-password", reset), "token_invalid");
  }
  assert.equal(statements, 0);

  // In our form, with a checksum: one look-up each, and none again at once.
  const unknown = newSessionToken();
  for (let i = 0; i < 5; i++) await withBearer(unknown).get("/v1/apps").expect(401);
  // The look-up, and the tenant that it is for.
  const once = statements;
  assert.ok(once > 0 && once <= 2, `${once} statements`);
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => withBearer(newSessionToken()).get("/v1/apps")),
  );
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 135, `${refused.length} were refused`);
  assert.ok(statements - once <= 75, `${statements - once} statements`);
  const before = statements;
  await withBearer(newSessionToken()).get("/v1/apps").expect(429);
  assert.equal(statements, before);

  assertProblem(
    await anyone.post("/v1/developers:verify-email", { token: newAccountToken() }),
    "token_invalid",
  );
  assert.ok(statements > before);
  assert.ok(ada.token.length > 0);
});

test("whoever asks for readiness, and however often, PostgreSQL is asked once a second", async (t) => {
  const { startAnother } = await startCatalog(t);
  let statements = 0;
  const { anyone } = await startAnother({ onStatement: () => void statements++ });
  // The first time, and every 30 s, PostgreSQL has to write, too.
  await anyone.get("/readyz").expect(200);
  statements = 0;
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 100 }, () => anyone.get("/readyz").expect(200)));
  const seconds = Math.ceil((performance.now() - startedAt) / 1000);
  assert.ok(statements <= seconds, `${statements} statements in ${seconds} s`);
});
