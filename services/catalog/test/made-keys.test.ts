import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key, KeyWithSecret } from "@mosis/types/keys";
import { changeKey, createKey, lastState, rotateKey, startKeys } from "./keys-support.ts";
import { assertProblem, auditTrail, type Caller } from "./support.ts";

// Keys that a key has made: what they may do, and what becomes of them with it.

const manages = { permissions: ["keys:write", "keys:read", "apps:read", "telemetry:write"] };

/** A key, one that it has made, and what that has made: one of each kind. */
async function startFamily(t: Parameters<typeof startKeys>[0]) {
  const catalog = await startKeys(t);
  const { ada, db, withBearer } = catalog;
  const parent = await createKey(ada, manages);
  const child = await createKey(withBearer(parent.secret), manages);
  const [grandchild, ingest] = [
    await createKey(withBearer(child.secret), manages),
    await createKey(withBearer(child.secret), { kind: "ingest" }),
  ];
  const family = [parent, child, grandchild, ingest];
  /** Which of them work, here and at ingest, which has what the last message says. */
  const working = async () => {
    const works: string[] = [];
    for (const { id, kind, secret } of family) {
      const { status } = await withBearer(secret).get("/v1/keys");
      const state = await lastState(db, id);
      assert.equal(state !== null, status !== 401, "the api and ingest agree");
      if (state !== null) works.push(kind === "ingest" ? "ingest" : (names.get(id) ?? ""));
    }
    return works.join(" ");
  };
  const names = new Map([
    [parent.id, "parent"],
    [child.id, "child"],
    [grandchild.id, "grandchild"],
  ]);
  const read = async (id: string) => (await ada.get(`/v1/keys/${id}`).expect(200)).body as Key;
  return { ...catalog, parent, child, grandchild, ingest, working, read };
}

const everyone = "parent child grandchild ingest";

test("a key names the key that made it, or the session", async (t) => {
  const { ada, parent, child, grandchild, read } = await startFamily(t);
  const maker = async (id: string) => {
    const { created_by_key_id, created_by_session_id } = await read(id);
    return [created_by_key_id, created_by_session_id];
  };
  const sessions = (await ada.get("/v1/sessions").expect(200)).body as { data: { id: string }[] };
  assert.deepEqual(await maker(parent.id), [null, sessions.data[0]?.id]);
  assert.deepEqual(await maker(child.id), [parent.id, null]);
  assert.deepEqual(await maker(grandchild.id), [child.id, null]);
});

test("a secret that was rotated out reads and sends on, and manages nothing", async (t) => {
  const { ada, db, withBearer } = await startKeys(t);
  const key = await createKey(ada);
  const other = await createKey(ada);
  const made = await createKey(withBearer(key.secret), { kind: "ingest" });
  const rotated = (await rotateKey(ada, key.id).expect(200)).body as KeyWithSecret;
  const [old, now] = [withBearer(key.secret), withBearer(rotated.secret)];
  const before = (await auditTrail(db)).length;
  const managing = (by: Caller) => [
    by.post("/v1/keys", { name: "outlives", kind: "management" }),
    by.post("/v1/keys", { name: "outlives", kind: "management" }).set("Idempotency-Key", "once"),
    ...[key, other, made].flatMap(({ id }) => [
      rotateKey(by, id),
      changeKey(by, id, { name: "mine" }),
      changeKey(by, id, { disabled: true }),
      by.delete(`/v1/keys/${id}`),
    ]),
    by.post("/v1/signing-keys", { name: "mine", public_key: "x", proof: "AAAA" }),
    by.post("/v1/webhooks", { url: "https://hooks.example.org/", event_types: ["*"] }),
  ];
  for (const answer of managing(old)) assertProblem(await answer, "secret_rotated_out");
  assert.equal((await auditTrail(db)).length, before, "nothing has changed");
  await old.get("/v1/keys").expect(200);
  await old.post("/v1/apps", { package_id: "org.ada.chess", name: "Chess" }).expect(201);
  await rotateKey(now, key.id).expect(200);
});

test("a key that is disabled disables those below it, and enabling it brings back those alone", async (t) => {
  const { ada, db, parent, child, grandchild, working, read } = await startFamily(t);
  assert.equal(await working(), everyone);
  const before = (await auditTrail(db)).length;
  await changeKey(ada, parent.id, { disabled: true }).expect(200);
  assert.equal(await working(), "");
  const { disabled, disabled_by_key_id } = await read(child.id);
  assert.deepEqual([disabled, disabled_by_key_id], [true, parent.id]);
  const told = (await auditTrail(db)).slice(before).map(({ action }) => action);
  assert.deepEqual(
    told,
    Array.from({ length: 4 }, () => "key.changed"),
  );

  const { errors } = assertProblem(await changeKey(ada, child.id, { disabled: false }), "state_conflict");
  assert.equal(errors?.[0]?.code, "maker_disabled");
  // Disabled by itself while it is disabled with the other: it stays so, and what is below it too.
  await changeKey(ada, grandchild.id, { disabled: true }).expect(200);
  await changeKey(ada, parent.id, { disabled: false }).expect(200);
  assert.equal(await working(), "parent child ingest");
  await changeKey(ada, child.id, { disabled: true }).expect(200);
  await changeKey(ada, parent.id, { disabled: true }).expect(200);
  await changeKey(ada, parent.id, { disabled: false }).expect(200);
  assert.equal(await working(), "parent");
  await changeKey(ada, child.id, { disabled: false }).expect(200);
  assert.equal(await working(), "parent child ingest");
});

test("a deleted key takes along all that it has made, and each is told", async (t) => {
  const { ada, db, parent, child, grandchild, ingest, working } = await startFamily(t);
  await ada.delete(`/v1/keys/${parent.id}`).expect(204);
  assert.equal(await working(), "");
  assert.deepEqual(((await ada.get("/v1/keys")).body as { data: Key[] }).data, []);
  const deleted = (await auditTrail(db)).filter(({ action }) => action === "key.deleted");
  const ids = [parent, child, grandchild, ingest].map(({ id }) => id);
  assert.deepEqual(deleted.map(({ target_id }) => target_id).toSorted(), ids.toSorted());
});

test("with a leaked key all that it has made is disabled, and none comes back with it", async (t) => {
  const { ada, anyone, parent, child, ingest, working } = await startFamily(t);
  const report = (token: string) => anyone.post("/v1/keys:report-leak", [{ token }]).expect(202);
  await report(parent.secret);
  assert.equal(await working(), "");
  const { secret } = (await rotateKey(ada, parent.id).expect(200)).body as KeyWithSecret;
  await changeKey(ada, parent.id, { disabled: false }).expect(200);
  parent.secret = secret;
  assert.equal(await working(), "parent");
  for (const { id } of [child, ingest]) await changeKey(ada, id, { disabled: false }).expect(200);
  assert.equal(await working(), "parent child ingest");

  // Also what it made with a secret that was rotated out since: who had that may have made them.
  const next = (await rotateKey(ada, parent.id).expect(200)).body as KeyWithSecret;
  await report(parent.secret);
  parent.secret = next.secret;
  assert.equal(await working(), "parent");
});

test("what is taken from a key is taken from those below it", async (t) => {
  const { ada, db, withBearer, parent, child, grandchild, ingest, read, working } = await startFamily(t);
  const less = {
    permissions: ["keys:read", "apps:read"],
    expires_at: "2098-01-01T00:00:00.000Z",
    telemetry_events_per_second: 5,
  };
  await changeKey(ada, parent.id, less).expect(200);
  for (const { id } of [parent, child, grandchild]) {
    const { permissions, expires_at, telemetry_events_per_second } = await read(id);
    const now = { permissions: permissions.toSorted().toReversed(), expires_at, telemetry_events_per_second };
    assert.deepEqual(now, { ...less, permissions: ["keys:read", "apps:read"] });
    assert.equal((await lastState(db, id))?.telemetry_events_per_second, 5);
  }
  assertProblem(
    await withBearer(child.secret).post("/v1/keys", { name: "k", kind: "ingest" }),
    "permission_missing",
  );
  // It had telemetry:write alone, which the key that made it has no more.
  assert.equal(await working(), "parent child grandchild");
  const widened = [
    [ingest.id, { disabled: false }],
    [child.id, { permissions: ["apps:write"] }],
    [child.id, { telemetry_events_per_second: null }],
  ] as const;
  for (const [id, change] of widened) {
    const { errors } = assertProblem(await changeKey(ada, id, change), "state_conflict");
    assert.equal(errors?.[0]?.code, "beyond_maker");
  }
  await changeKey(ada, parent.id, { cidrs: ["192.0.2.0/24"] }).expect(200);
  assert.deepEqual((await read(grandchild.id)).cidrs, ["192.0.2.0/24"]);
});

test("a session adopts a key, which goes its own way then; no key does, or manages its maker", async (t) => {
  const { ada, db, withBearer, parent, child, working, read } = await startFamily(t);
  const adopt = (by: Caller, id: string) => by.post(`/v1/keys/${id}:adopt`).set("If-Match", "*");
  for (const by of [child, parent]) {
    assertProblem(await adopt(withBearer(by.secret), child.id), "permission_missing");
  }
  const own = withBearer(child.secret);
  for (const answer of [
    rotateKey(own, parent.id),
    changeKey(own, parent.id, { disabled: true }),
    own.delete(`/v1/keys/${parent.id}`),
  ]) {
    assertProblem(await answer, "permission_missing");
  }
  assertProblem(await ada.post(`/v1/keys/${child.id}:adopt`), "precondition_required");
  await adopt(ada, child.id).expect(200);
  const { created_by_key_id, created_by_session_id } = await read(child.id);
  assert.ok(created_by_key_id === null && created_by_session_id !== null);
  await adopt(ada, child.id).expect(200);
  assert.equal((await auditTrail(db)).filter(({ action }) => action === "key.adopted").length, 1);
  await changeKey(ada, child.id, { permissions: ["keys:read", "keys:write", "audit:read"] }).expect(200);
  await ada.delete(`/v1/keys/${parent.id}`).expect(204);
  assert.equal(await working(), "child grandchild");
  const bob = await (await startKeys(t)).as("bob");
  assertProblem(await adopt(bob, child.id), "not_found");
});

// Guards "the database decides races".
// INVARIANT 41
test("of keys that are made while the key that makes them is deleted or disabled, none works", async (t) => {
  for (const end of ["delete", "disable"] as const) {
    const { ada, db, withBearer } = await startKeys(t);
    const { id, secret } = await createKey(ada, manages);
    const make = () => withBearer(secret).post("/v1/keys", { name: "late", kind: "management", ...manages });
    const ending = end === "delete" ? ada.delete(`/v1/keys/${id}`) : changeKey(ada, id, { disabled: true });
    const [, ...answers] = await Promise.all([ending, ...Array.from({ length: 20 }, make)]);
    for (const answer of answers) {
      if (answer.status !== 201) assertProblem(answer, "credentials_invalid");
      const made = answer.body as KeyWithSecret;
      if (answer.status === 201) await withBearer(made.secret).get("/v1/apps").expect(401);
      if (answer.status === 201) assert.equal(await lastState(db, made.id), null);
    }
  }
});
