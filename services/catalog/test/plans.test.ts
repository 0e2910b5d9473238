import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, one, type Pool, type Queryable, sql, transaction } from "@mosis/postgres";
import Type from "typebox";
import { findApp, listOwnApps } from "../src/releases/apps/queries.ts";
import { findAccount } from "../src/developers/queries.ts";
import { findReportedKeys } from "../src/keys/leaks/queries.ts";
import { findKeyByHash, findSession } from "../src/access/queries.ts";
import { listOwnKeys } from "../src/keys/queries.ts";
import { everyone } from "../src/access/principal.ts";
import { findVersion, listVersions } from "../src/releases/versions/queries.ts";
import { explaining } from "./explaining.ts";
import { startDatabase } from "./support.ts";

const Id = Type.Object({ id: Type.String() });

/** Thousands of rows each: enough for the planner to prefer an index where there is one. */
async function fill(db: Pool): Promise<string> {
  await execute(
    db,
    sql`
      insert into developers (email, name)
      select 'Dev' || n || '@mosis.test', n::text from generate_series(1, 4000) n`,
  );
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, created_at)
      select id, 'org.mosis.a' || name || '_' || n, 'app', now() - n * interval '1 hour'
      from generate_series(1, 20) n, developers where name::int <= 300`,
  );
  await execute(
    db,
    sql`
      insert into app_versions (app_id, developer_id, version_code, version_name, package_url, package_size,
                                package_digest, signature)
      select id, developer_id, n, n::text, 'https://packages.example', 1, repeat('0', 64), ''
      from apps, generate_series(1, case package_id when 'org.mosis.a77_5' then 300 else 4 end) n`,
  );
  await execute(
    db,
    sql`
      insert into signing_keys (developer_id, name, public_key, fingerprint)
      select id, 'release', '', md5(name) from developers`,
  );
  await execute(
    db,
    sql`
      insert into api_keys (developer_id, name, key_hash, key_prefix, previous_hash, previous_ends_at,
                            created_at)
      select id, 'key', name || '-' || n, 'mk_', name || '-' || n || '-before', now() + interval '1 day',
             now() - n * interval '1 hour'
      from generate_series(1, 20) n, developers where name::int <= 300`,
  );
  await execute(
    db,
    sql`
      insert into sessions (id, developer_id, token_hash, expires_at)
      select gen_random_uuid(), id, 'token-' || name || '-' || n, now() + interval '1 day'
      from generate_series(1, 20) n, developers where name::int <= 300`,
  );
  for (const table of [
    sql`developers`,
    sql`apps`,
    sql`app_versions`,
    sql`signing_keys`,
    sql`api_keys`,
    sql`sessions`,
  ]) {
    await execute(db, sql`analyze ${table}`);
  }
  return (await one(db, Id, sql`select id from developers where name = '77'`)).id;
}

// The query patterns of the database selection that the catalog serves, and the look-ups of every request.
test("every look-up and list of the catalog is an index scan, and lists need no sort", async (t) => {
  const { db } = await startDatabase(t);
  const developerId = await fill(db);
  const owner = { developerId, appIds: null };
  const page = { limit: 10, behind: null };
  const behind = { limit: 10, behind: ["2999-01-01T00:00:00.000000Z", developerId] as [string, string] };
  const explained = explaining(db.as(everyone));
  const byCode = "app_versions_app_id_version_code_key";
  const app = await one(db, Id, sql`select id from apps where package_id = 'org.mosis.a77_5'`);
  const patterns: [string, () => Promise<unknown>][] = [
    ["apps_by_developer", () => listOwnApps(explained.db, owner, page)],
    ["apps_by_developer", () => listOwnApps(explained.db, owner, behind)],
    ["apps_package_id_key", () => findApp(explained.db, owner, "org.mosis.a77_5")],
    [byCode, () => findVersion(explained.db, owner, "org.mosis.a77_5", 3)],
    [byCode, () => listVersions(explained.db, { appId: app.id, limit: 10, behind: null })],
    ["api_keys_by_developer", () => listOwnKeys(explained.db, owner, page)],
    ["api_keys_pkey", () => findKeyByHash(explained.db, "77-5")],
    ["api_keys_pkey", () => findKeyByHash(explained.db, "77-6-before")],
    ["sessions_pkey", () => findSession(explained.db, "token-77-5")],
  ];
  for (const [index, query] of patterns) {
    const found = await query();
    assert.ok(Array.isArray(found) ? found.length === 11 : found, index);
    // The apps of a key are a few rows beside each row; the rest must not read a whole table.
    const plan = explained.plan();
    assert.match(plan, new RegExp(`Index (Only )?Scan (Backward )?using ${index} on`), plan);
    assert.doesNotMatch(
      plan,
      /Seq Scan on (developers|apps|app_versions|signing_keys|api_keys|sessions)/,
      plan,
    );
    if (Array.isArray(found)) assert.doesNotMatch(plan.split("SubPlan")[0] ?? "", /Sort/, plan);
  }
});

test("a look-up by what a request presents is index scans, in the functions that do it too", async (t) => {
  const { db } = await startDatabase(t);
  await fill(db);
  const lookups: [string, (tx: Queryable) => Promise<unknown>][] = [
    ["developers", (tx) => findAccount(tx, "dev77@MOSIS.test")],
    ["api_keys", (tx) => findKeyByHash(tx, "77-5")],
    ["api_keys", (tx) => findKeyByHash(tx, "77-6-before")],
    ["api_keys", (tx) => findReportedKeys(tx, ["77-5", "77-6-before"])],
    ["sessions", (tx) => findSession(tx, "token-77-5")],
  ];
  for (const [table, find] of lookups) {
    await transaction(db.as(everyone), async (tx) => {
      const before = await scansOf(tx, table);
      assert.ok(await find(tx), table);
      const after = await scansOf(tx, table);
      assert.equal(after.seq_scan, before.seq_scan, table);
      assert.ok(after.idx_scan > before.idx_scan, table);
    });
  }
});

/** How often this session has read a table whole, and by an index. */
function scansOf(tx: Queryable, table: string) {
  return one(
    tx,
    Scans,
    sql`select seq_scan, idx_scan from pg_stat_xact_user_tables where relname = ${table}`,
  );
}

const Scans = Type.Object({ seq_scan: Type.Integer(), idx_scan: Type.Integer() });
