import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { test } from "node:test";
import { execute, many, sql, transaction } from "@mosis/postgres";
import { type Key, type KeyWithSecret, permissions } from "@mosis/types/keys";
import Type from "typebox";
import {
  assertProblem,
  auditTrail,
  type Caller,
  eventually,
  everythingStored,
  startCatalog,
  withoutRequest,
} from "./support.ts";

const ci = { name: "ci", kind: "management" };
const shipped = { name: "in the app", kind: "ingest" };
const future = "2099-01-01T00:00:00.000Z";

async function create(caller: Caller, body: object): Promise<KeyWithSecret> {
  const answer = await caller.post("/v1/keys", body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body as KeyWithSecret;
}

test("creating a key tells its secret; later answers are the same without it", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const limit = { telemetry_events_per_second: 20 };
  const asked = { ...ci, permissions: ["apps:read"], package_ids: ["org.mosis.go"], expires_at: future };
  const answer = await ada.post("/v1/keys", { ...asked, ...limit }).expect(201);
  const { secret, ...key } = answer.body as KeyWithSecret;
  const { id, key_prefix, created_at, created_by_session_id: maker, ...rest } = key;
  const unchanged = { disabled: false, disabled_by_key_id: null, leaked_at: null, last_used_at: null };
  const made = { previous_secret_ends_at: null, quarantined_at: null, created_by_key_id: null, cidrs: [] };
  assert.deepEqual(rest, { ...asked, ...limit, ...unchanged, ...made });
  assert.ok(maker && created_at && secret.startsWith("mk_live_"));
  assert.equal(key_prefix, `mk_${secret.slice(8, 15)}`);
  assert.equal(answer.headers["location"], `/v1/keys/${id}`);
  const read = await ada.get(`/v1/keys/${id.toUpperCase()}`).expect(200);
  assert.deepEqual(read.body, key);
  const list = await ada.get("/v1/keys").expect(200);
  assert.deepEqual(list.body, { data: [key], page: { next_cursor: null, has_more: false } });
});

test("a key that asks for no permissions gets all of its kind, and of every app", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const management = await create(ada, ci);
  assert.deepEqual(management.permissions.toSorted(), Object.keys(permissions).toSorted());
  const ingest = await create(ada, shipped);
  assert.deepEqual(ingest.permissions, ["telemetry:write"]);
  assert.ok(ingest.secret.startsWith("mi_live_") && ingest.key_prefix.startsWith("mi_"));
  assert.deepEqual([management.package_ids, ingest.package_ids], [null, null]);
});

// Guards "secrets are stored only as hashes".
// INVARIANT 43
test("a secret is nowhere but in its answer, and its hash only where keys are checked", async (t) => {
  const { as, db, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  const { id, secret } = await create(ada, ci);
  await withBearer(secret).get("/v1/apps").expect(200);
  const hash = createHash("sha256").update(secret).digest("hex");
  const stored = await everythingStored(db);
  assert.ok(!stored.includes(secret.slice(15)), "no part of it but the prefix that lists show");
  assert.equal(stored.split(hash).length - 1, 2, "in the key's row, and in the state message for ingest");
  assert.ok(!JSON.stringify(await auditTrail(db)).includes(hash));
  const read = await ada.get(`/v1/keys/${id}`).expect(200);
  assert.ok(!read.text.includes(hash));
});

// Guards "no change without its event, no event without its change".
test("creating and deleting a key leave one audit event and one state message each", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { secret, ...key } = await create(ada, { ...shipped, expires_at: "2099-01-01T01:00:00+01:00" });
  await ada.delete(`/v1/keys/${key.id}`).expect(204);
  const states = await many(
    db,
    Type.Object({ record_key: Type.String(), payload: Type.Unknown() }),
    sql`select record_key, payload from outbox where topic = 'catalog.keys' order by position`,
  );
  const state = {
    key_id: key.id,
    key_hash: createHash("sha256").update(secret).digest("hex"),
    kind: "ingest",
    developer_id: ada.id,
    permissions: ["telemetry:write"],
    app_ids: null,
    expires_at: future,
    telemetry_events_per_second: null,
    cidrs: [],
    previous_key_hash: null,
    previous_ends_at: null,
    quarantined: false,
  };
  assert.deepEqual(states, [
    { record_key: key.id, payload: state },
    { record_key: key.id, payload: null },
  ]);
  const [, session, created, deleted, ...others] = await auditTrail(db);
  assert.deepEqual([created?.action, deleted?.action, others], ["key.created", "key.deleted", []]);
  for (const event of [created, deleted]) {
    assert.deepEqual(event?.payload, key);
    assert.deepEqual(event?.actor, { kind: "session", id: session?.target_id });
    assert.equal(event?.target_id, key.id);
  }
});

// Guards "the database decides races".
// INVARIANT 24
test("of many who delete one key at once, one does, and leaves one event", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const { id } = await create(ada, ci);
  const locked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holder = transaction(db, async (tx) => {
    await execute(tx, sql`select from api_keys where id = ${id} for update`);
    locked.resolve();
    await held.promise;
  });
  await locked.promise;
  const deleting = Promise.all(Array.from({ length: 6 }, () => ada.delete(`/v1/keys/${id}`)));
  await eventually(async () => {
    const waiting = await many(
      db,
      Type.Object({ pid: Type.Integer() }),
      sql`
        select pid from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    );
    assert.ok(waiting.length >= 2, "several are on their way to the same row");
  });
  held.resolve();
  await holder;
  const answers = await deleting;
  const [gone, ...others] = answers.toSorted((a, b) => a.status - b.status);
  assert.equal(gone?.status, 204);
  for (const answer of others) assertProblem(answer, "not_found");
  const deleted = (await auditTrail(db)).filter(({ action }) => action === "key.deleted");
  assert.equal(deleted.length, 1);
});

// Guards "a resource that is not yours answers exactly like one that does not exist".
// INVARIANT 40
test("someone else's key is a 404, byte for byte like a missing one, and stays", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, bob] = await Promise.all([as("ada"), as("bob")]);
  const { id } = await create(ada, ci);
  const before = await auditTrail(db);
  for (const method of ["get", "delete"] as const) {
    const foreign = await bob[method](`/v1/keys/${id}`);
    assertProblem(foreign, "not_found");
    for (const missing of [randomUUID(), "none", "%00", `${id}0`]) {
      const answer = await bob[method](`/v1/keys/${missing}`);
      assert.deepEqual(withoutRequest(answer), withoutRequest(foreign), missing);
    }
  }
  const list = await bob.get("/v1/keys").expect(200);
  assert.deepEqual((list.body as { data: Key[] }).data, []);
  assert.deepEqual(await auditTrail(db), before);
  await ada.get(`/v1/keys/${id}`).expect(200);
});

// Guards "a revoked or expired key stops working within 5 s": here, at once.
// INVARIANT 41
test("a deleted and an expired key answer like a key that never was", async (t) => {
  const { as, db, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  const [deleted, expired] = [await create(ada, ci), await create(ada, ci)];
  const never = withoutRequest(await withBearer("mk_live_never").get("/v1/apps"));
  for (const { secret } of [deleted, expired]) await withBearer(secret).get("/v1/apps").expect(200);
  await ada.delete(`/v1/keys/${deleted.id}`).expect(204);
  await execute(db, sql`update api_keys set expires_at = now() where id = ${expired.id}`);
  // What is not changed through the API is seen a moment later.
  await eventually(() => withBearer(expired.secret).get("/v1/apps").expect(401), 5000);
  for (const { secret } of [deleted, expired]) {
    const answer = await withBearer(secret).get("/v1/apps");
    assertProblem(answer, "credentials_invalid");
    assert.deepEqual(withoutRequest(answer), never);
  }
});

test("an expiry is answered in UTC, and one that is over or no time at all is refused", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const { expires_at } = await create(ada, { ...ci, expires_at: "2099-06-01T02:30:00.5+02:30" });
  assert.equal(expires_at, "2099-06-01T00:00:00.500Z");
  const wrong = [
    "2020-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "2099-02-30T00:00:00Z",
    "2099-01-01",
    // Beyond the year 9999 where it is written in UTC, which RFC 3339 cannot say.
    "9999-12-31T23:59:59-01:00",
    "infinity",
    "2099-01-01T00:00:00Z\u0000",
  ];
  for (const time of wrong) {
    const refused = assertProblem(await ada.post("/v1/keys", { ...ci, expires_at: time }), "invalid_request");
    assert.deepEqual(
      refused.errors?.map(({ pointer }) => pointer),
      ["/expires_at"],
      time,
    );
  }
});

test("an app that is not there and one of somebody else are refused alike, by their places", async (t) => {
  const { as, db } = await startCatalog(t);
  const [ada, bob] = await Promise.all([as("ada"), as("bob")]);
  await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  await bob.post("/v1/apps", { package_id: "org.mosis.own", name: "Own" }).expect(201);
  const before = await auditTrail(db);
  const ask = (packageId: string) =>
    bob.post("/v1/keys", { ...ci, package_ids: ["org.mosis.own", packageId] });
  const foreign = await ask("org.mosis.go");
  const { errors } = assertProblem(foreign, "reference_unknown");
  assert.deepEqual(
    errors?.map(({ pointer }) => pointer),
    ["/package_ids/1"],
  );
  assert.deepEqual(withoutRequest(await ask("org.mosis.no")), withoutRequest(foreign));
  assert.deepEqual(await auditTrail(db), before, "no key, no event");
});

test("the time a key was last used is kept to five minutes", async (t) => {
  const { as, db, withBearer } = await startCatalog(t);
  const ada = await as("ada");
  const { id, secret } = await create(ada, ci);
  const lastUsed = async () => {
    await withBearer(secret).get("/v1/apps").expect(200);
    return ((await ada.get(`/v1/keys/${id}`)).body as Key).last_used_at ?? "";
  };
  const first = await lastUsed();
  assert.ok(Math.abs(Date.parse(first) - Date.now()) < 60_000);
  const usedBefore = async (minutes: number) => {
    await execute(db, sql`update api_keys set last_used_at = now() - make_interval(mins => ${minutes}::int)`);
    const { body } = await ada.get(`/v1/keys/${id}`).expect(200);
    // A change of the key, so that it is looked up again.
    await ada
      .patch(`/v1/keys/${id}`, { name: `${minutes}` })
      .set("If-Match", "*")
      .expect(200);
    return [(body as Key).last_used_at ?? "", await lastUsed()] as const;
  };
  const [fourAgo, afterFour] = await usedBefore(4);
  assert.equal(afterFour, fourAgo);
  const [sixAgo, afterSix] = await usedBefore(6);
  assert.ok(afterSix > sixAgo && afterSix >= first);
});
