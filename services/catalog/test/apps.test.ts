import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import type { App } from "@mosis/types/apps";
import { retentionDefaults } from "@mosis/types/retention";
import { telemetryLimitDefaults } from "@mosis/types/telemetry-limits";
import Type from "typebox";
import { assertProblem, auditTrail, type Caller, startCatalog, withoutRequest } from "./support.ts";

const chess = { package_id: "org.mosis.chess", name: "Chess" };

test("an app is created, read and, without its description, listed alike", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const whole = { ...chess, description: "Two\nplayers.", category: "games", tags: ["board", "böse"] };
  const created = await ada.post("/v1/apps", whole).expect(201);
  const { id, created_at, updated_at, ...rest } = created.body as App;
  const bareApp = { suspended_by: null, suspend_reason: null, signing_key: null };
  const unreleased = { ...bareApp, latest_version: null, rollout_version: null, pending_listing: null };
  assert.deepEqual(rest, { ...whole, status: "draft", ...unreleased, allowed_actions: ["change", "delete"] });
  assert.ok(id && created_at === updated_at);
  assert.equal(created.headers["location"], "/v1/apps/org.mosis.chess");

  const read = await ada.get("/v1/apps/org.mosis.chess").expect(200);
  assert.deepEqual(read.body, created.body);
  const list = await ada.get("/v1/apps").expect(200);
  const { description: _left, pending_listing: _too, ...listed } = created.body as App;
  assert.deepEqual(list.body, { data: [listed], page: { next_cursor: null, has_more: false } });

  const bare = await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const { description, category, tags } = bare.body as App;
  assert.deepEqual({ description, category, tags }, { description: null, category: null, tags: [] });
});

// Guards "no change without its event": the audit event and what telemetry has to know, in one transaction.
test("creating an app leaves one audit event and one state message", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { body } = await ada.post("/v1/apps", chess).set("X-Request-Id", "create.1").expect(201);
  const app = body as App;
  const rows = await many(
    db,
    Type.Object({ topic: Type.String(), record_key: Type.String(), payload: Type.Unknown() }),
    sql`select topic, record_key, payload from outbox where aggregate_id = ${app.id} order by position`,
  );
  const [state, audit, ...others] = rows;
  assert.deepEqual(others, []);
  const { allowed_actions, ...told } = app;
  assert.ok(allowed_actions.length > 0);
  const { id, package_id, name, status, updated_at } = app;
  assert.deepEqual(state, {
    topic: "catalog.apps",
    record_key: id,
    payload: {
      app_id: id,
      developer_id: ada.id,
      package_id,
      name,
      status,
      updated_at,
      ...telemetryLimitDefaults,
      ...retentionDefaults,
    },
  });
  assert.equal(audit?.record_key, ada.id);
  const event = (await auditTrail(db)).at(-1);
  const { action, request_id, target_id, payload } = event ?? assert.fail("there is no event");
  assert.deepEqual(
    { action, request_id, target_id, payload },
    { action: "app.created", request_id: "create.1", target_id: id, payload: told },
  );
});

// Guards "the database decides races" and "no event without its change".
// INVARIANT 24
test("of many who create one package id at once, one succeeds, and leaves one event", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, bob] = await Promise.all([as("ada"), as("bob")]);
  const callers = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? ada : bob));
  const answers = await Promise.all(callers.map((caller) => caller.post("/v1/apps", chess)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    assertProblem(answer, "package_id_taken");
  }
  const created = (await auditTrail(db)).filter(({ action }) => action === "app.created");
  assert.equal(created.length, 1);
});

// Guards "a resource that is not yours answers exactly like one that does not exist".
// INVARIANT 40
test("someone else's app is a 404, byte for byte like a missing one", async (t) => {
  const { as } = await startCatalog(t);
  const [ada, bob] = await Promise.all([as("ada"), as("bob")]);
  await ada.post("/v1/apps", chess).expect(201);
  const foreign = await bob.get("/v1/apps/org.mosis.chess");
  assertProblem(foreign, "not_found");
  for (const missing of ["org.mosis.chest", "none", "a%00b", `a.${"b".repeat(300)}`, "%F0%9F%98%80"]) {
    const answer = await bob.get(`/v1/apps/${missing}`);
    assert.deepEqual(withoutRequest(answer), withoutRequest(foreign), missing);
  }
  const list = await bob.get("/v1/apps").expect(200);
  assert.deepEqual((list.body as { data: App[] }).data, []);
});

test("pages go from new to old; rows that arrive meanwhile neither repeat nor hide one", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, bob] = await Promise.all([as("ada"), as("bob")]);
  // Several in one microsecond need the id to have an order, several in one millisecond the exact time.
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, created_at)
      select developer_id, 'org.mosis.' || owner || n, n::text,
             '2026-01-01'::timestamptz + (n / 3) * interval '1 microsecond'
      from generate_series(1, 50) n,
           (values ('a', ${ada.id}::uuid), ('b', ${bob.id}::uuid)) as owner (owner, developer_id)`,
  );
  const ids = await many(
    db,
    Type.Object({ package_id: Type.String() }),
    sql`select package_id from apps where developer_id = ${ada.id} order by created_at desc, id desc`,
  );
  const arriving = ada.post("/v1/apps", chess);
  const seen = await packageIds(ada, 7, () => arriving.expect(201));
  assert.deepEqual(
    seen,
    ids.map(({ package_id }) => package_id),
  );
  const exact = await ada.get("/v1/apps?limit=51").expect(200);
  assert.deepEqual((exact.body as { page: object }).page, { next_cursor: null, has_more: false });
});

/** Every package id of the list, read in pages; `meanwhile` runs behind the first page. */
async function packageIds(caller: Caller, limit: number, meanwhile: () => PromiseLike<unknown>) {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query = cursor === null ? "" : `&cursor=${cursor}`;
    const { body } = await caller.get(`/v1/apps?limit=${limit}${query}`).expect(200);
    const { data, page } = body as {
      data: App[];
      page: { next_cursor: string | null; has_more: boolean };
    };
    assert.equal(page.has_more, page.next_cursor !== null);
    assert.ok(data.length > 0 && data.length <= limit);
    seen.push(...data.map(({ package_id }) => package_id));
    if (cursor === null) await meanwhile();
    cursor = page.next_cursor;
  } while (cursor !== null);
  return seen;
}

test("every text of the greatest length is taken in any script, and one more is refused", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const longest = {
    package_id: `a.${"b".repeat(126)}`,
    name: "😀".repeat(100),
    description: "ß".repeat(10_000),
    category: "\u0301".repeat(50),
    tags: Array.from({ length: 20 }, () => "語".repeat(50)),
  };
  const { body } = await ada.post("/v1/apps", longest).expect(201);
  const { package_id, name, description, category, tags } = body as App;
  assert.deepEqual({ package_id, name, description, category, tags }, longest);
  const wrong: [object, string][] = [
    [{ package_id: `a.${"b".repeat(127)}` }, "/package_id"],
    [{ package_id: "Org.mosis" }, "/package_id"],
    [{ package_id: "org" }, "/package_id"],
    [{ package_id: "org.mosis\n" }, "/package_id"],
    [{ name: "😀".repeat(101) }, "/name"],
    [{ description: "ß".repeat(10_001) }, "/description"],
    [{ category: "\u0301".repeat(51) }, "/category"],
    [{ tags: [...longest.tags, "one more"] }, "/tags"],
    [{ tags: ["語".repeat(51)] }, "/tags/0"],
    [{ status: "published" }, "/status"],
  ];
  for (const [change, pointer] of wrong) {
    const refused = assertProblem(await ada.post("/v1/apps", { ...chess, ...change }), "invalid_request");
    assert.deepEqual(refused.errors?.map(({ pointer: at }) => at).slice(0, 1), [pointer]);
  }
});

// Guards "a resource that is not yours answers exactly like one that does not exist", for keys of some apps.
test("a key of listed apps sees these apps alone, and creates none", async (t) => {
  const { as, withBearer, db } = await startCatalog(t);
  const ada = await as("ada");
  await ada.post("/v1/apps", chess).expect(201);
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const made = await ada
    .post("/v1/keys", { name: "k", kind: "management", package_ids: ["org.mosis.go"] })
    .expect(201);
  const key = withBearer((made.body as { secret: string }).secret);
  assert.deepEqual(await packageIds(key, 10, async () => {}), ["org.mosis.go"]);
  await key.get("/v1/apps/org.mosis.go").expect(200);
  assertProblem(await key.get("/v1/apps/org.mosis.chess"), "not_found");
  assertProblem(
    await key.post("/v1/apps", { package_id: "org.mosis.ludo", name: "L" }),
    "permission_missing",
  );

  // The last app of a key goes: now it serves none, not all.
  await execute(db, sql`delete from apps where package_id = 'org.mosis.go'`);
  const left = await key.get("/v1/apps").expect(200);
  assert.deepEqual((left.body as { data: App[] }).data, []);
  assertProblem(await key.get("/v1/apps/org.mosis.chess"), "not_found");
});

test("an account whose address is not confirmed has three apps, whatever it asks for at once", async (t) => {
  const { as, db } = await startCatalog(t);
  const eve = await as("eve");
  await execute(db, sql`update developers set verified = false`);
  const make = (n: number) => eve.post("/v1/apps", { package_id: `org.eve.app${n}`, name: "App" });
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => make(n)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 3);
  for (const answer of answers) if (answer.status !== 201) assertProblem(answer, "email_unverified");
  await execute(db, sql`update developers set verified = true`);
  await make(11).expect(201);
});

// INVARIANT 31
test("the package id of an app that was never published is free once it is deleted", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const app = (package_id: string) => ({ package_id, name: "Chess" });
  const remove = (by: Caller, id: string) => by.delete(`/v1/apps/${id}`).set("If-Match", "*").expect(204);
  await ada.post("/v1/apps", app("org.ada.draft")).expect(201);
  await remove(ada, "org.ada.draft");
  await bob.post("/v1/apps", app("org.ada.draft")).expect(201);
  // Also with its account; but what was published is of one app for ever.
  await execute(db, sql`delete from developers where id = ${bob.id}`);
  await ada.post("/v1/apps", app("org.ada.draft")).expect(201);
  await execute(db, sql`update apps set status = 'suspended', suspended_by = 'developer'`);
  await remove(ada, "org.ada.draft");
  assertProblem(await ada.post("/v1/apps", app("org.ada.draft")), "package_id_taken");
});
