import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql, transaction } from "@mosis/postgres";
import Type from "typebox";
import { grantRole } from "../src/admin/changes.ts";
import { untilWaiting } from "./locks.ts";
import { promote } from "./promote.ts";
import { assertProblem, auditTrail, startCatalog } from "./support.ts";

const path = "/v1/developers/me:delete";
const Tombstone = Type.Object({ topic: Type.String(), record_key: Type.String() });

// INVARIANT 48
test("an account goes with everything that is its, telemetry is told, and the trail stays", async (t) => {
  const { as, anyone, withBearer, db } = await startCatalog(t);
  const ada = await as("ada");
  const bob = await as("bob");
  const { password, email } = ada;
  const idOf = (answer: { body: unknown }) => (answer.body as { id: string }).id;
  const app = await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  await execute(db, sql`update apps set published_code_max = 1`);
  const draft = await ada.post("/v1/apps", { package_id: "org.mosis.shogi", name: "Shogi" }).expect(201);
  const key = await ada.post("/v1/keys", { name: "k", kind: "management" }).expect(201);
  const restriction = await ada
    .post("/v1/telemetry-restrictions", { event_name: "noise", action: "drop", reason: "too much" })
    .expect(201);
  await bob.post("/v1/apps", { package_id: "org.mosis.chess", name: "Chess" }).expect(201);

  assertProblem(await ada.post(path, {}), "confirmation_required");
  assertProblem(await ada.post(path, { password: "wrong" }), "confirmation_required");
  await ada.post(path, { password }).expect(204);

  assertProblem(await ada.get("/v1/developers/me"), "credentials_invalid");
  const { secret } = key.body as { secret: string };
  assertProblem(await withBearer(secret).get("/v1/apps"), "credentials_invalid");
  assertProblem(await anyone.post("/v1/sessions", { email, password }), "credentials_invalid");
  const gone = await many(
    db,
    Tombstone,
    sql`select topic, record_key from outbox where payload is null order by position`,
  );
  assert.deepEqual(gone, [
    { topic: "catalog.restrictions", record_key: idOf(restriction) },
    { topic: "catalog.keys", record_key: idOf(key) },
    { topic: "catalog.apps", record_key: idOf(app) },
    { topic: "catalog.apps", record_key: idOf(draft) },
  ]);
  const last = (await auditTrail(db)).at(-1);
  assert.deepEqual([last?.action, last?.payload], ["developer.deleted", { id: ada.id }]);

  // Its address is free again, and so is the package id of a draft; that of a published app never is.
  const again = await as("ada");
  await again.post("/v1/apps", { package_id: "org.mosis.shogi", name: "Shogi" }).expect(201);
  const taken = await again.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" });
  assertProblem(taken, "package_id_taken");
  await bob.get("/v1/apps/org.mosis.chess").expect(200);
});

test("published apps and roles are in the way, and a problem says what to do", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { email, password } = ada;
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  await execute(db, sql`update apps set status = 'published'`);
  assert.match(assertProblem(await ada.post(path, { password }), "state_conflict").detail, /suspend/);
  await execute(db, sql`update apps set status = 'draft'`);
  await promote(db, { role: "admin", email });
  assert.match(assertProblem(await ada.post(path, { password }), "state_conflict").detail, /operator/);
  await grantRole(db, { role: "developer", email });
  await ada.post(path, { password }).expect(204);
});

// Guards "the database decides races".
test("an app that is restored while its account is deleted keeps the account", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { password } = ada;
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  await execute(db, sql`update apps set status = 'suspended', suspended_by = 'developer'`);
  const sent = await transaction(db, async (tx) => {
    // The restoring has its app by then, and waits here to tell of it; the deletion waits for the app.
    await execute(tx, sql`lock table outbox in share mode`);
    const restored = ada
      .post("/v1/apps/org.mosis.go:restore")
      .set("If-Match", "*")
      .then((it) => it);
    await untilWaiting(db, 1);
    const deleted = ada.post(path, { password }).then((it) => it);
    await untilWaiting(db, 2);
    return { restored, deleted };
  });
  assert.equal((await sent.restored).status, 200);
  assert.match(assertProblem(await sent.deleted, "state_conflict").detail, /1 published apps/);
  await ada.get("/v1/apps/org.mosis.go").expect(200);
});

// Guards "the database decides races", and "a client's mistake is never a 500".
// INVARIANT 48
test("what is made while its account is deleted is made before, or not at all", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { password } = ada;
  const made = Array.from({ length: 12 }, (_, i) =>
    ada.post("/v1/apps", { package_id: `org.mosis.a${i}`, name: "A" }),
  );
  const deleted = Array.from({ length: 3 }, () => ada.post(path, { password }));
  const answers = await Promise.all([...made, ...deleted]);
  assert.ok(
    answers.every(({ status }) => status < 500),
    JSON.stringify(answers.map(({ status }) => status)),
  );
  assert.equal(answers.slice(12).filter(({ status }) => status === 204).length, 1);
  assert.deepEqual(await many(db, Type.Object({}), sql`select from apps`), []);
  const events = (await auditTrail(db)).map(({ action }) => action);
  const count = (action: string) => events.filter((one) => one === action).length;
  assert.equal(count("app.created"), count("app.deleted"));
  assert.equal(count("developer.deleted"), 1);
});

test("whoever makes something for an account that is deleted meanwhile is not known any more", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const answer = await transaction(db, async (tx) => {
    await execute(tx, sql`select from developers where id = ${ada.id} for update`);
    // Sent here, and answered after the commit.
    const sent = ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).then((it) => it);
    await untilWaiting(db, 1);
    await execute(tx, sql`delete from developers where id = ${ada.id}`);
    return { sent };
  });
  assertProblem(await answer.sent, "credentials_invalid");
});
