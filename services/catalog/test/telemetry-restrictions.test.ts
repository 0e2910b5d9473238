import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { execute, many, type Pool, sql } from "@mosis/postgres";
import type { Restriction } from "@mosis/types/telemetry-restrictions";
import Type from "typebox";
import { promote } from "./promote.ts";
import { assertProblem, auditTrail, type Caller, startCatalog, withoutRequest } from "./support.ts";

const path = "/v1/telemetry-restrictions";
const drop = { action: "drop", reason: "a client was released broken" };

test("a restriction is created, listed and lifted, each with its event and its state", async (t) => {
  const { ada, db, keyId, appId } = await setUp(t);
  const asked = {
    package_id: "org.mosis.go",
    key_id: keyId.toUpperCase(),
    event_name: "noise",
    action: "sample",
    rate: 0.25,
    reason: "too much of it",
    expires_at: "2099-01-01T23:00:00+23:00",
  };
  const answer = await ada.post(path, asked).expect(201);
  const created = answer.body as Restriction;
  const { id, created_at, ...rest } = created;
  assert.equal(answer.headers["location"], `${path}/${id}`);
  const ids = { developer_id: ada.id, created_by: ada.id, app_id: appId, key_id: keyId };
  assert.deepEqual(rest, { ...asked, ...ids, expires_at: "2099-01-01T00:00:00.000Z" });
  assert.ok(created_at);
  assert.deepEqual((await ada.get(`${path}/${id.toUpperCase()}`).expect(200)).body, created);
  const list = await ada.get(path).expect(200);
  assert.deepEqual(list.body, { data: [created], page: { next_cursor: null, has_more: false } });

  await ada.delete(`${path}/${id}`).expect(204);
  assertProblem(await ada.delete(`${path}/${id}`), "not_found");
  const state = {
    restriction_id: id,
    developer_id: ada.id,
    app_id: appId,
    key_id: keyId,
    event_name: "noise",
    action: "sample",
    rate: 0.25,
    expires_at: "2099-01-01T00:00:00.000Z",
  };
  assert.deepEqual(await statesOf(db), [
    { record_key: id, payload: state },
    { record_key: id, payload: null },
  ]);
  const events = (await auditTrail(db)).filter(({ target_type }) => target_type === "telemetry_restriction");
  assert.deepEqual(
    events.map(({ action, actor, payload, target_id }) => [action, actor.kind, payload, target_id]),
    ["created", "lifted"].map((what) => [`telemetry_restriction.${what}`, "session", created, id]),
  );
});

test("a restriction says what it is for, and what it does", async (t) => {
  const { ada, keyId } = await setUp(t);
  const wrong: [object, string][] = [
    [drop, "invalid_request"],
    [{ ...drop, event_name: "noise", rate: 0.5 }, "invalid_request"],
    [{ ...drop, event_name: "noise", action: "sample" }, "invalid_request"],
    [{ ...drop, event_name: "noise", action: "sample", rate: 2 }, "invalid_request"],
    [{ ...drop, event_name: "noise", action: "burn" }, "invalid_request"],
    [{ ...drop, event_name: "" }, "invalid_request"],
    [{ ...drop, event_name: "nul\u0000" }, "invalid_request"],
    [{ event_name: "noise", action: "drop" }, "invalid_request"],
    [{ ...drop, event_name: "noise", expires_at: "2020-01-01T00:00:00Z" }, "invalid_request"],
    [{ ...drop, event_name: "noise", color: "red" }, "invalid_request"],
    [{ ...drop, package_id: "org.mosis.none" }, "reference_unknown"],
    [{ ...drop, key_id: randomUUID() }, "reference_unknown"],
  ];
  for (const [body, code] of wrong) {
    const answer = await ada.post(path, body);
    assert.equal((answer.body as { code: string }).code, code, JSON.stringify(body));
    assertProblem(answer, code as "invalid_request");
  }
  await ada.post(path, { ...drop, key_id: keyId }).expect(201);
  const all = await ada.post(path, { ...drop, event_name: "noise" }).expect(201);
  assert.equal((all.body as Restriction).developer_id, ada.id, "a name alone is one of the own apps");
});

// Guards "a resource that is not yours answers exactly like one that does not exist".
// INVARIANT 40
test("someone else's apps, keys and restrictions are as if they were not there", async (t) => {
  const { ada, as, keyId } = await setUp(t);
  const bob = await as("bob");
  const { body } = await ada.post(path, { ...drop, package_id: "org.mosis.go" }).expect(201);
  const { id } = body as Restriction;
  const missing = await bob.get(`${path}/${randomUUID()}`);
  assertProblem(missing, "not_found");
  for (const other of [id, "x", "%00"]) {
    assert.deepEqual(withoutRequest(await bob.get(`${path}/${other}`)), withoutRequest(missing));
    assertProblem(await bob.delete(`${path}/${other}`), "not_found");
  }
  const none = (await bob.get(path).expect(200)).body as { data: unknown[] };
  assert.deepEqual(none.data, []);
  const foreign = await bob.post(path, { ...drop, package_id: "org.mosis.go" });
  const unknown = await bob.post(path, { ...drop, package_id: "org.mosis.none" });
  assert.deepEqual(withoutRequest(foreign), withoutRequest(unknown));
  assertProblem(await bob.post(path, { ...drop, key_id: keyId }), "reference_unknown");
  await ada.get(`${path}/${id}`).expect(200);
});

// INVARIANT 45
test("an admin restricts any app, or all, and its developer sees it and does not lift it", async (t) => {
  const { ada, as, db, keyId } = await setUp(t);
  const eve = await as("eve");
  await promote(db, { role: "admin", email: eve.email });
  await eve.post("/v1/apps", { package_id: "org.eve.app", name: "Eve" }).expect(201);
  const one = (await eve.post(path, { ...drop, package_id: "org.mosis.go" }).expect(201)).body as Restriction;
  assert.deepEqual([one.developer_id, one.created_by], [ada.id, eve.id]);
  const all = (await eve.post(path, { ...drop, event_name: "x" }).expect(201)).body as Restriction;
  assert.equal(all.developer_id, null);
  const mixed = { ...drop, package_id: "org.eve.app", key_id: keyId };
  assertProblem(await eve.post(path, mixed), "reference_unknown");

  assert.deepEqual((await ada.get(`${path}/${one.id}`).expect(200)).body, one);
  assertProblem(await ada.get(`${path}/${all.id}`), "not_found");
  assertProblem(await ada.delete(`${path}/${one.id}`), "permission_missing");
  const trail = (await auditTrail(db)).filter(({ action }) => action === "telemetry_restriction.created");
  assert.deepEqual(
    trail.map(({ developer_id }) => developer_id),
    [ada.id, eve.id],
  );
  for (const { id } of [one, all]) await eve.delete(`${path}/${id}`).expect(204);
});

test("a key for listed apps restricts those alone", async (t) => {
  const { ada, withBearer } = await setUp(t);
  await ada.post("/v1/apps", { package_id: "org.mosis.chess", name: "Chess" }).expect(201);
  const made = { name: "k", kind: "management", package_ids: ["org.mosis.go"] };
  const key = withBearer(((await ada.post("/v1/keys", made)).body as { secret: string }).secret);
  const other = { ...drop, package_id: "org.mosis.chess" };
  assertProblem(await key.post(path, other), "reference_unknown");
  assertProblem(await key.post(path, { ...drop, event_name: "noise" }), "permission_missing");
  const { body } = await key.post(path, { ...drop, package_id: "org.mosis.go" }).expect(201);
  const hidden = (await ada.post(path, other).expect(201)).body as Restriction;
  assertProblem(await key.get(`${path}/${hidden.id}`), "not_found");
  await key.delete(`${path}/${(body as Restriction).id}`).expect(204);
});

test("a developer has a hundred restrictions at most, and those that have ended make room", async (t) => {
  const { ada, db } = await setUp(t);
  const create = (by: Caller) => by.post(path, { ...drop, event_name: "noise" });
  const answers = [];
  for (let i = 0; i < 12; i++) {
    answers.push(...(await Promise.all(Array.from({ length: 9 }, () => create(ada)))));
  }
  const statuses = Map.groupBy(answers, ({ status }) => status);
  assert.deepEqual([statuses.get(201)?.length, statuses.get(409)?.length], [100, 8]);
  assertProblem(await create(ada), "state_conflict");
  await execute(
    db,
    sql`
      update telemetry_restrictions set expires_at = now()
      where id in (select id from telemetry_restrictions limit 2)`,
  );
  await create(ada).expect(201);
  const gone = (await statesOf(db)).filter(({ payload }) => payload === null);
  assert.equal(gone.length, 2, "what has ended is taken out of the topic");
});

function statesOf(db: Pool) {
  return many(
    db,
    Type.Object({ record_key: Type.String(), payload: Type.Unknown() }),
    sql`select record_key, payload from outbox where topic = 'catalog.restrictions' order by position`,
  );
}

async function setUp(t: TestContext) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  const app = await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const key = await ada.post("/v1/keys", { name: "k", kind: "ingest" }).expect(201);
  return {
    ...catalog,
    ada,
    appId: (app.body as { id: string }).id,
    keyId: (key.body as { id: string }).id,
  };
}
