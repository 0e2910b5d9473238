import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, type Pool, sql } from "@mosis/postgres";
import type { App } from "@mosis/types/apps";
import type { PermissionDiff } from "@mosis/types/versions";
import Type from "typebox";
import { act, approved, startReleasing, versionsOf } from "./releasing.ts";
import { newVersion, register } from "./signing.ts";
import { assertProblem, auditTrail, type Caller, withoutRequest } from "./support.ts";

const go = "org.mosis.go";
const app = `/v1/apps/${go}`;
const list = versionsOf(go);

/** An action with the app as it is now. */
async function actOnApp(caller: Caller, action: string, body?: object): Promise<App> {
  const answer = await caller.post(`${app}:${action}`, body).set("If-Match", "*").expect(200);
  return answer.body as App;
}

/** What telemetry was told of an app or a key, from old to new; null: that it is gone. */
function statesOf(db: Pool, topic: string) {
  return many(
    db,
    Type.Object({ payload: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]) }),
    sql`select payload from outbox where topic = ${topic} order by position`,
  );
}

test("an app is published with a version, suspended and restored, and telemetry is told of it", async (t) => {
  const { ada, db, key, rita } = await startReleasing(t);
  const early = await ada.post(`${app}:publish`).set("If-Match", "*");
  const refused = assertProblem(early, "state_conflict");
  assert.equal(refused.errors?.[0]?.code, "no_published_version");
  assert.match(refused.errors?.[0]?.fix ?? "", /Create a version, submit it/);

  const path = await approved({ caller: ada, reviewer: rita }, go, newVersion(1, key));
  const before = (await ada.get(app).expect(200)).headers["etag"] as string;
  await act(ada, path, "publish", { rollout_percent: 5 });
  assertProblem(await ada.post(`${app}:publish`).set("If-Match", before), "precondition_failed");
  assertProblem(await ada.post(`${app}:publish`), "precondition_required");
  const published = await actOnApp(ada, "publish");
  assert.deepEqual(published.allowed_actions, ["change", "suspend", "rotate-signing-key"]);
  assertProblem(await ada.delete(app).set("If-Match", "*"), "state_conflict");
  const suspended = await actOnApp(ada, "suspend", {});
  assert.deepEqual([suspended.status, suspended.suspended_by], ["suspended", "developer"]);
  const restored = await actOnApp(ada, "restore");
  assert.deepEqual([restored.status, restored.suspended_by], ["published", null]);

  const states = await statesOf(db, "catalog.apps");
  assert.deepEqual(
    states.map(({ payload }) => payload?.["status"]),
    ["draft", "draft", "published", "suspended", "published"],
  );
  const whole = Object.keys(states[0]?.payload ?? {});
  for (const { payload } of states) assert.deepEqual(Object.keys(payload ?? {}), whole);
  const row = await many(
    db,
    Type.Object({ at: Type.String() }),
    sql`select updated_at as at from apps where package_id = ${go}`,
  );
  assert.equal(states.at(-1)?.payload?.["updated_at"], row[0]?.at);
});

// INVARIANT 45
test("what an admin has suspended, with a reason, only an admin restores", async (t) => {
  const { ada, db, key, rita, reviewer } = await startReleasing(t);
  const root = await reviewer("root", "admin");
  await act(ada, await approved({ caller: ada, reviewer: rita }, go, newVersion(1, key)), "publish", {});
  await actOnApp(ada, "publish");
  assertProblem(await rita.post(`${app}:suspend`, { reason: "x" }).set("If-Match", "*"), "not_found");
  const silent = await root.post(`${app}:suspend`, {}).set("If-Match", "*");
  assert.equal(assertProblem(silent, "invalid_request").errors?.[0]?.pointer, "/reason");
  // Its developer could bring it back at any moment: an admin takes that over.
  await actOnApp(ada, "suspend", {});
  await actOnApp(root, "suspend", { reason: "It steals passwords." });

  const { body } = await ada.get(app).expect(200);
  const { suspended_by, suspend_reason, allowed_actions } = body as App;
  assert.deepEqual([suspended_by, suspend_reason], ["admin", "It steals passwords."]);
  assert.deepEqual(allowed_actions, ["change", "delete", "rotate-signing-key"]);
  const refused = await ada.post(`${app}:restore`).set("If-Match", "*");
  assert.match(assertProblem(refused, "permission_missing").detail, /only an admin/);
  await actOnApp(root, "restore");
  // In the trail of whose app it is.
  const told = (await auditTrail(db)).filter(({ action }) => /^app\.(suspended|restored)$/.test(action));
  assert.deepEqual(
    told.map(({ developer_id }) => developer_id),
    [ada.id, ada.id, ada.id],
  );
});

test("an app is changed by whoever has seen it as it is, and what changes nothing is no event", async (t) => {
  const { ada, db, as } = await startReleasing(t);
  const read = await ada.get(app).expect(200);
  const etag = read.headers["etag"] as string;
  const change = { name: "Go 2", description: "A game.", category: "games", tags: ["board"] };
  const changed = await ada.patch(app, change).set("If-Match", etag).expect(200);
  assert.deepEqual((await ada.get(app)).body, changed.body);
  assertProblem(await ada.patch(app, change).set("If-Match", etag), "precondition_failed");
  assertProblem(await ada.patch(app, change), "precondition_required");
  for (const body of [{}, { name: null }, { package_id: "org.mosis.other" }, { status: "published" }]) {
    assertProblem(await ada.patch(app, body).set("If-Match", "*"), "invalid_request");
  }
  const before = (await auditTrail(db)).length;
  await ada.patch(app, change).set("If-Match", "*").expect(200);
  assert.equal((await auditTrail(db)).length, before);
  const cleared = await ada.patch(app, { description: null }).set("If-Match", "*").expect(200);
  assert.equal((cleared.body as App).description, null);

  const bob = await as("bob");
  for (const ask of [
    (path: string) => bob.patch(path, change).set("If-Match", "*"),
    (path: string) => bob.delete(path).set("If-Match", "*"),
    (path: string) => bob.post(`${path}:publish`).set("If-Match", "*"),
    (path: string) => bob.post(`${path}:suspend`, {}).set("If-Match", "*"),
    (path: string) => bob.post(`${path}:restore`).set("If-Match", "*"),
    (path: string) => {
      return bob.post(`${path}:rotate-signing-key`, { signing_key: "0".repeat(64) }).set("If-Match", "*");
    },
  ]) {
    const foreign = await ask(app);
    assertProblem(foreign, "not_found");
    assert.deepEqual(withoutRequest(await ask("/v1/apps/org.mosis.none")), withoutRequest(foreign));
  }
});

// INVARIANT 31
test("with an app go its versions, its keys and its restrictions, and its package id for good", async (t) => {
  const { ada, as, db, key, withBearer } = await startReleasing(t);
  await ada.post("/v1/apps", { package_id: "org.mosis.chess", name: "Chess" }).expect(201);
  await ada.post(list, newVersion(1, key)).expect(201);
  const secrets: string[] = [];
  for (const package_ids of [[go], [go, "org.mosis.chess"], ["org.mosis.chess"]]) {
    const made = await ada.post("/v1/keys", { name: "k", kind: "management", package_ids }).expect(201);
    secrets.push((made.body as { secret: string }).secret);
  }
  const restriction = { package_id: go, action: "drop", reason: "noise", event_name: "noise" };
  await ada.post("/v1/telemetry-restrictions", restriction).expect(201);

  // They were in the store: their ids are nobody's to take.
  await execute(db, sql`update apps set status = 'suspended', suspended_by = 'developer'`);
  assertProblem(await ada.delete(app), "precondition_required");
  await ada.delete(app).set("If-Match", "*").expect(204);
  assertProblem(await ada.get(app), "not_found");
  const left = await many(db, Type.Object({}), sql`select from app_versions`);
  assert.equal(left.length, 0);
  const [alone = "", both = ""] = secrets;
  assertProblem(await withBearer(alone).get("/v1/apps"), "credentials_invalid");
  const { body } = await withBearer(both).get("/v1/apps").expect(200);
  assert.deepEqual(
    (body as { data: App[] }).data.map(({ package_id }) => package_id),
    ["org.mosis.chess"],
  );
  // Whoever follows the topics knows it too: nothing goes by what is gone.
  assert.equal((await statesOf(db, "catalog.apps")).at(-1)?.payload, null);
  assert.equal((await statesOf(db, "catalog.restrictions")).at(-1)?.payload, null);
  const keyStates = (await statesOf(db, "catalog.keys")).slice(-2).map(({ payload }) => payload);
  assert.equal(keyStates[0], null);
  const served = keyStates[1]?.["app_ids"] ?? assert.fail("the other key is told");
  assert.equal((served as string[]).length, 1);
  const told = (await auditTrail(db)).slice(-4).map(({ action }) => action);
  assert.deepEqual(told, ["telemetry_restriction.ended", "key.deleted", "key.changed", "app.deleted"]);

  for (const caller of [ada, await as("bob")]) {
    assertProblem(await caller.post("/v1/apps", { package_id: go, name: "Go" }), "package_id_taken");
  }
  // The ids of apps that go with their developer are retired too.
  await execute(db, sql`delete from developers where id = ${ada.id}`);
  const cyd = await as("cyd");
  assertProblem(
    await cyd.post("/v1/apps", { package_id: "org.mosis.chess", name: "Chess" }),
    "package_id_taken",
  );
});

// Guards "the next version of an app is signed with the key of the last, unless a person says otherwise".
// INVARIANT 32
test("the first published version pins its key, and only who has signed in names another", async (t) => {
  const { ada, key, rita, withBearer } = await startReleasing(t);
  const other = await register(ada);
  const who = { caller: ada, reviewer: rita };
  const early = await ada.post(`${app}:rotate-signing-key`, { signing_key: other.fingerprint });
  assertProblem(early, "precondition_required");
  const path = await approved(who, go, newVersion(1, key));
  // Approved before the key was pinned: it can be published no more.
  const late = await approved(who, go, newVersion(2, other));
  await act(ada, path, "publish", {});
  const refused = await ada.post(`${late}:publish`, {}).set("If-Match", "*");
  assert.equal(assertProblem(refused, "state_conflict").errors?.[0]?.code, "signing_key_not_pinned");
  await ada.post(list, newVersion(3, other)).expect(201);
  const stranger = await ada.post(`${list}/3:submit`).set("If-Match", "*");
  assert.match(assertProblem(stranger, "state_conflict").detail, /:rotate-signing-key/);

  const made = await ada.post("/v1/keys", { name: "ci", kind: "management" }).expect(201);
  const ci = withBearer((made.body as { secret: string }).secret);
  const rotation = { signing_key: other.fingerprint };
  const byKey = await ci.post(`${app}:rotate-signing-key`, rotation).set("If-Match", "*");
  assertProblem(byKey, "permission_missing");
  const unknown = { signing_key: "0".repeat(64) };
  assertProblem(
    await ada.post(`${app}:rotate-signing-key`, unknown).set("If-Match", "*"),
    "reference_unknown",
  );
  assert.equal((await actOnApp(ada, "rotate-signing-key", rotation)).signing_key, other.fingerprint);
  await act(ada, `${list}/3`, "submit");
  await act(ada, late, "publish", {});
});

test("a permission diff is against the published version before, or against any", async (t) => {
  const { ada, key, rita } = await startReleasing(t);
  const first = newVersion(1, key, { permissions: ["network", "camera"] });
  const path = await approved({ caller: ada, reviewer: rita }, go, first);
  await ada.post(list, newVersion(2, key, { permissions: ["network"] })).expect(201);
  await ada.post(list, newVersion(3, key, { permissions: ["network", "microphone"] })).expect(201);
  const diff = async (query: string) => {
    const { body } = await ada.get(`${list}/3/permission-diff${query}`).expect(200);
    const { against, added, removed, dangerous_added } = body as PermissionDiff;
    return [against, added.map(({ name }) => name), removed.map(({ name }) => name), dangerous_added];
  };
  assert.deepEqual(await diff(""), [null, ["microphone", "network"], [], ["microphone"]]);
  await act(ada, path, "publish", {});
  assert.deepEqual(await diff(""), [1, ["microphone"], ["camera"], ["microphone"]]);
  assert.deepEqual(await diff("?against=2"), [2, ["microphone"], [], ["microphone"]]);
  assertProblem(await ada.get(`${list}/3/permission-diff?against=9`), "not_found");
  assertProblem(await ada.get(`${list}/3/permission-diff?against=0`), "invalid_request");
});
