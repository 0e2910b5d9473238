import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { execute, many, type Pool, type Queryable, type Sql, sql } from "@mosis/postgres";
import type { SearchPage } from "@mosis/types/search";
import type { DeviceVersion, StoreApp } from "@mosis/types/store";
import Type from "typebox";
import { findStates } from "../src/store/queries.ts";
import { putApp } from "./published.ts";
import { assertProblem, startCatalog, withoutRequest } from "./support.ts";

const chess = { package_id: "org.mosis.chess", name: "Chess", description: "Two players.", tags: ["board"] };
const path = "/v1/store/apps/org.mosis.chess";

async function startStore(t: TestContext) {
  const catalog = await startCatalog(t);
  /** What a device gets: the version code, or null for none. */
  const versionFor = async (mosis: string, install?: string) => {
    const query = new URLSearchParams({ mosis_version: mosis, ...(install ? { install_id: install } : {}) });
    const { body } = await catalog.anyone.get(`${path}/latest?${query.toString()}`).expect(200);
    return (body as DeviceVersion).version?.version_code ?? null;
  };
  return { ...catalog, versionFor };
}

test("the store shows a published app with its latest version, and nothing of anybody's own", async (t) => {
  const { db, anyone } = await startStore(t);
  await putApp(db, chess, [{ code: 1 }, { code: 2 }, { code: 3, percent: 10 }, { code: 4, status: "draft" }]);
  const { body, headers } = await anyone.get(path).expect(200);
  const { latest_version, published_at, updated_at, ...rest } = body as StoreApp;
  assert.deepEqual(rest, { ...chess, category: null });
  assert.deepEqual(latest_version, {
    version_code: 2,
    version_name: "1.2",
    package_url: "https://packages.example/2",
    package_size: 1000,
    package_digest: "0".repeat(64),
    signature: "c2ln",
    signing_key: null,
    public_key: null,
    permissions: [],
    min_mosis_version: null,
    release_notes: null,
    published_at: "2026-01-02T00:00:00.000Z",
  });
  assert.ok(published_at && updated_at);
  assert.equal(headers["cache-control"], "public, max-age=60");
  assert.match(headers["etag"] ?? "", /^"[\w-]+"$/);
});

test("of many who ask at the same moment each is told of its own app", async (t) => {
  const { db, anyone } = await startStore(t);
  const ids = Array.from({ length: 30 }, (_, n) => `org.mosis.app${n}`);
  for (const id of ids) await putApp(db, { ...chess, package_id: id, name: `App ${id}` }, [{ code: 1 }]);
  const asked = [...ids, "org.mosis.none", ...ids, "org.mosis.app1"];
  const [apps, devices] = await Promise.all(
    ["", "/latest?mosis_version=1.0"].map((end) =>
      Promise.all(asked.map(async (id) => anyone.get(`/v1/store/apps/${id}${end}`))),
    ),
  );
  for (const [n, id] of asked.entries()) {
    const [app, device] = [apps?.[n], devices?.[n]];
    assert.ok(app && device);
    if (id === "org.mosis.none") {
      for (const answer of [app, device]) assertProblem(answer, "not_found");
      continue;
    }
    assert.equal((app.body as StoreApp).name, `App ${id}`);
    const { package_id, version } = device.body as DeviceVersion;
    assert.deepEqual([package_id, version?.version_code], [id, 1]);
  }
});

// INVARIANT 27
test("drafts, suspended apps and what does not exist are one 404, byte for byte", async (t) => {
  const { db, anyone } = await startStore(t);
  await putApp(db, { ...chess, package_id: "org.mosis.draft", status: "draft" }, [
    { code: 1, status: "draft" },
  ]);
  await putApp(db, { ...chess, package_id: "org.mosis.bad", status: "suspended" }, [{ code: 1 }]);
  for (const end of ["", "/latest?mosis_version=1.0"]) {
    const missing = await anyone.get(`/v1/store/apps/org.mosis.none${end}`);
    assertProblem(missing, "not_found");
    for (const id of ["draft", "bad"]) {
      const answer = await anyone.get(`/v1/store/apps/org.mosis.${id}${end}`);
      assert.deepEqual(withoutRequest(answer), withoutRequest(missing));
      const known = await anyone.get(`/v1/store/apps/org.mosis.${id}${end}`).set("If-None-Match", "*");
      assert.deepEqual(withoutRequest(known), withoutRequest(missing));
    }
  }
  assertProblem(await anyone.get("/v1/store/apps/no%20id"), "not_found");
});

// Guards "what has not changed is answered from one row" (INVARIANTS.md).
// INVARIANT 28
test("what a client has already is a 304, which reads one row of one table", async (t) => {
  const { db, anyone } = await startStore(t);
  const id = await putApp(db, chess, [{ code: 1 }, { code: 2, percent: 10 }]);
  const device = `${path}/latest?mosis_version=1.0&install_id=${randomUUID()}`;
  for (const url of [path, device]) {
    const { etag = "" } = (await anyone.get(url).expect(200)).headers as Record<string, string>;
    const same = await anyone.get(url).set("If-None-Match", `"other", ${etag}`).expect(304);
    assert.deepEqual([same.text, same.headers["etag"]], ["", etag]);
    await anyone.get(url).set("If-None-Match", '"other"').expect(200);

    const changes: Sql[] = [
      sql`update apps set description = description || '!' where id = ${id}`,
      sql`update app_versions set rollout_percent = rollout_percent + 1
          where app_id = ${id} and version_code = 2`,
    ];
    for (const statement of changes) {
      await execute(db, statement);
      const changed = await anyone.get(url).set("If-None-Match", etag).expect(200);
      assert.notEqual(changed.headers["etag"], etag);
    }
  }
  // Nothing else is asked: it is answered without the right to read versions at all.
  await execute(db, sql`revoke select on published_versions from mosis_api`);
  for (const url of [path, device]) {
    const { headers } = await anyone.get(url).set("If-None-Match", "*").expect(304);
    assert.ok(headers["etag"]);
  }
  const read = await rowsRead(db, (explained) => findStates(explained, [chess.package_id]));
  assert.deepEqual(read, [
    "Index Scan using published_apps_package_id_key on published_apps (actual rows=1.00",
  ]);
});

test("a field that becomes null while the next one gets its text is a change", async (t) => {
  const { db, anyone } = await startStore(t);
  const id = await putApp(db, { ...chess, description: "Travel", category: null }, [{ code: 1 }]);
  const { etag = "" } = (await anyone.get(path).expect(200)).headers as Record<string, string>;
  await execute(db, sql`update apps set description = null, category = 'Travel' where id = ${id}`);
  const { body, headers } = await anyone.get(path).set("If-None-Match", etag).expect(200);
  const { description, category } = body as StoreApp;
  assert.deepEqual([description, category], [null, "Travel"]);
  assert.notEqual(headers["etag"], etag);
  const { body: found } = await anyone.get("/v1/search/apps?category=travel").expect(200);
  assert.equal((found as SearchPage).data.length, 1);
});

test("without a latest version an app was updated when its last one came out", async (t) => {
  const { db, anyone } = await startStore(t);
  const id = await putApp(db, chess, [
    { code: 1, isYanked: true },
    { code: 2, percent: 10 },
  ]);
  await execute(
    db,
    sql`update app_versions set published_at = '2026-01-01' where app_id = ${id} and version_code = 1`,
  );
  await execute(db, sql`update apps set description = 'Other', updated_at = now() where id = ${id}`);
  const { body } = await anyone.get(path).expect(200);
  const { description, updated_at, latest_version } = body as StoreApp;
  assert.deepEqual([description, updated_at, latest_version], ["Other", "2026-01-02T00:00:00.000Z", null]);
});

/** The scans of a statement, with how many rows each gave. */
async function rowsRead(db: Pool, query: (db: Queryable) => Promise<unknown>): Promise<string[]> {
  const Plan = Type.Object({ "QUERY PLAN": Type.String() });
  let scans: string[] = [];
  await query({
    async run(statement) {
      const lines = await many(db, Plan, sql`explain (analyze, costs off, timing off) ${statement}`);
      scans = lines.flatMap((line) => /\S.*Scan.*rows=[\d.]+/.exec(line["QUERY PLAN"]) ?? []);
      return db.run(statement);
    },
  });
  return scans;
}

// INVARIANT 26
test("a device gets the newest version that runs on its Mosis, compared number by number", async (t) => {
  const { db, anyone, versionFor } = await startStore(t);
  await putApp(db, chess, [
    { code: 1 },
    { code: 2, min: "1.4" },
    { code: 3, min: "1.9.0" },
    { code: 4, min: "1.10" },
    { code: 5, isHalted: true },
    { code: 6, isYanked: true },
    { code: 7, status: "review" as const },
    { code: 8, min: "2" },
  ]);
  const expected = {
    "1": 1,
    "1.4": 2,
    "1.4.0.0": 2,
    "1.3.9999": 1,
    "1.9": 3,
    "1.9.1": 3,
    "1.10.0": 4,
    "2": 8,
  };
  for (const [mosis, code] of Object.entries(expected)) assert.equal(await versionFor(mosis), code, mosis);

  await execute(db, sql`update app_versions set min_mosis_version = '3' where min_mosis_version is null`);
  const { body } = await anyone.get(`${path}/latest?mosis_version=1.0`).expect(200);
  assert.deepEqual(body, { package_id: chess.package_id, version: null });
  for (const query of ["", "?mosis_version=1.x", "?mosis_version=1&install_id=7", "?mosis_version=1&x=1"]) {
    assertProblem(await anyone.get(`${path}/latest${query}`), "invalid_request");
  }
});

// Guards "an install keeps the version it has while a rollout grows" (INVARIANTS.md).
// INVARIANT 26
test("a rollout reaches its percent of installs, always the same ones and more as it grows", async (t) => {
  const { db, versionFor } = await startStore(t);
  const id = await putApp(db, chess, [{ code: 1 }, { code: 2, percent: 20 }]);
  const installs = Array.from({ length: 300 }, () => randomUUID());
  const reached = async () => {
    const codes = await Promise.all(installs.map((install) => versionFor("1.0", install)));
    return new Set(installs.filter((_, i) => codes[i] === 2));
  };
  const setPercent = (percent: number) =>
    execute(
      db,
      sql`update app_versions set rollout_percent = ${percent} where app_id = ${id} and version_code = 2`,
    );

  const some = await reached();
  assert.ok(some.size > 25 && some.size < 100, `${some.size} of 300 at 20 percent`);
  assert.deepEqual(await reached(), some, "the same ones, whoever asks and when");
  const [one = ""] = some;
  assert.equal(await versionFor("1.0", one.toUpperCase()), 2, "an id is the same in either case");
  assert.equal(await versionFor("1.0"), 1, "without an install, what all of them get");

  await setPercent(60);
  const more = await reached();
  assert.ok(
    more.size > 140 && more.size < 220 && [...some].every((it) => more.has(it)),
    `${more.size} of 300 at 60 percent`,
  );

  // Another version reaches others first: the two shares say nothing of each other.
  await execute(
    db,
    sql`update app_versions set id = gen_random_uuid() where app_id = ${id} and version_code = 2`,
  );
  await execute(
    db,
    sql`update apps set rollout_version_id = app_versions.id from app_versions
        where app_id = apps.id and version_code = 2`,
  );
  await setPercent(20);
  const others = await reached();
  const both = [...others].filter((it) => some.has(it)).length;
  assert.ok(both > 0 && both < some.size * 0.6, `${both} of ${some.size} are among the first again`);

  await execute(
    db,
    sql`update app_versions set halted_at = now(), halt_reason = 'It crashes.' where version_code = 2`,
  );
  assert.equal((await reached()).size, 0);
});
