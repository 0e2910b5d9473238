import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, createPublicKey } from "node:crypto";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { many, one, openSession, type Pool, type Sql, sql } from "@mosis/postgres";
import { PackageId } from "@mosis/types/apps";
import { keyKindOf } from "@mosis/types/key-format";
import Type from "typebox";
import { createDice } from "../../../infra/local/lifelike.ts";
import { makeKey } from "../../../infra/local/seed/keys.ts";
import { planSeed, seedCatalog } from "../../../infra/local/seed/seed-catalog.ts";
import { findKeyByHash } from "../src/access/queries.ts";
import { hashSecret } from "../src/shared/secret-hash.ts";
import { schemaSnapshot } from "./schema-snapshot.ts";
import { log, patience, startDatabase } from "./support.ts";

const sizes = { developers: 50, apps: 400, versions: 2000, keys: 200 };
const program = join(import.meta.dirname, "../../../infra/local/seed.ts");

async function seeded(t: TestContext, seed: number) {
  const { life, db, databaseUrl } = await startDatabase(t);
  const opened = await openSession({ url: databaseUrl, name: "seed", log, ...patience });
  const session = life.own("seed", opened, (it) => it.close());
  const filled = await seedCatalog(session, planSeed(seed, sizes));
  return { db: db.as("*"), session, filled };
}

test("the same seed gives the same rows, byte for byte, and another one gives others", async (t) => {
  const one = await seeded(t, 7);
  const same = await seeded(t, 7);
  const other = await seeded(t, 8);
  const { api_key_apps: scopes, ...rest } = one.filled;
  const { developers, apps, versions: app_versions, keys: api_keys } = sizes;
  assert.deepEqual(rest, { developers, signing_keys: developers, apps, app_versions, api_keys });
  assert.ok(scopes > 50);
  for (const table of [sql`developers`, sql`signing_keys`, sql`apps`, sql`app_versions`, sql`api_keys`]) {
    const digest = await digestOf(one.db, table);
    assert.equal(await digestOf(same.db, table), digest);
    assert.notEqual(await digestOf(other.db, table), digest);
  }
});

test("what is left out while it is filled is there again: the schema is the same as before", async (t) => {
  const empty = await startDatabase(t);
  const { db } = await seeded(t, 3);
  assert.deepEqual(await schemaSnapshot(db), await schemaSnapshot(empty.db));
});

/** What must find no row. */
const impossible: [string, Sql][] = [
  [
    "published or suspended without a published version, or a draft with one",
    sql`select id from apps
        where (status = 'draft') = exists (select from app_versions v
                                           where app_id = apps.id and v.status = 'published')`,
  ],
  [
    "two versions in review",
    sql`select app_id from app_versions where status = 'review' group by app_id having count(*) > 1`,
  ],
  [
    "in review without waiting for it, or the other way round",
    sql`select id from app_versions v
        where (status = 'review')
              <> exists (select from reviews where version_id = v.id and state = 'waiting')`,
  ],
  [
    "in review, and not the last version",
    sql`select id from app_versions v where status = 'review' and exists (
          select from app_versions w where w.app_id = v.app_id and w.version_code > v.version_code)`,
  ],
  [
    "an older version with a higher code",
    sql`select v.id from app_versions v join app_versions w using (app_id)
        where v.version_code > w.version_code and v.created_at < w.created_at`,
  ],
  [
    "published, and not said when, or before it was there",
    sql`select id from app_versions
        where (status = 'published') <> (published_at is not null) or published_at < created_at`,
  ],
  [
    "not what the app says is its latest version, its rollout and its greatest code",
    sql`select id from (
          select apps.*,
                 (select v.id from app_versions v
                  where app_id = apps.id and rollout_percent = 100
                    and halted_at is null and yanked_at is null
                  order by version_code desc limit 1) as latest,
                 (select max(version_code) from app_versions v
                  where app_id = apps.id and v.status = 'published') as code_max,
                 (select v.id from app_versions v
                  where app_id = apps.id and rollout_percent < 100
                    and version_code = published_code_max) as rollout
          from apps) apps
        where (latest_version_id, rollout_version_id, published_code_max)
              is distinct from (latest, rollout, code_max)
          or (status <> 'draft') <> (latest_version_id is not null)`,
  ],
  [
    "with another code or name than its latest version",
    sql`select apps.id from apps left join app_versions v on v.id = latest_version_id
        where (latest_code, latest_name) is distinct from (version_code, version_name)`,
  ],
  [
    "pinned to a key that did not sign what is published",
    sql`select apps.id from app_versions v
        join apps on apps.id = app_id join signing_keys k on k.id = signing_key_id
        where v.status = 'published' and signing_fingerprint is distinct from fingerprint`,
  ],
  [
    "rejected without a reason",
    sql`select id from app_versions where (status = 'rejected') <> (review_notes is not null)`,
  ],
  [
    "older than its developer",
    sql`select apps.id from apps join developers on developers.id = developer_id
        where apps.created_at < developers.created_at or apps.updated_at < apps.created_at`,
  ],
  [
    "a key with an app of somebody else",
    sql`select key_id from api_key_apps join api_keys on api_keys.id = key_id join apps on apps.id = app_id
        where api_keys.developer_id <> apps.developer_id or all_apps`,
  ],
];

test("what is seeded is as the lifecycles of apps and versions allow", async (t) => {
  const { db } = await seeded(t, 7);
  for (const [what, query] of impossible) assert.deepEqual(await many(db, Type.Object({}), query), [], what);
});

test("seeded names, keys and signing keys are what the catalog itself would take", async (t) => {
  const { db } = await seeded(t, 7);
  const Row = Type.Object({
    package_id: PackageId,
    public_key: Type.String(),
    fingerprint: Type.String(),
  });
  const rows = await many(
    db,
    Row,
    sql`select package_id, public_key, fingerprint from apps join signing_keys using (developer_id)`,
  );
  assert.equal(rows.length, sizes.apps);
  for (const { public_key, fingerprint } of rows) {
    const der = createPublicKey(public_key).export({ format: "der", type: "spki" });
    assert.equal(createHash("sha256").update(der).digest("hex"), fingerprint);
  }
  const dice = createDice(7);
  for (let n = 0; n < sizes.keys; n++) {
    const { id, kind, secret } = makeKey(dice, n, sizes.developers);
    assert.equal(keyKindOf(secret, crc32), kind);
    const stored = await findKeyByHash(db, hashSecret(secret));
    assert.deepEqual({ id: stored?.id, kind: stored?.kind }, { id, kind });
  }
  const few = await one(
    db,
    Type.Object({ share: Type.Number() }),
    sql`select max(n) / sum(n)::float as share
        from (select count(*) as n from apps group by developer_id) counted`,
  );
  assert.ok(few.share > 0.1, "of 50 developers one has a tenth of the apps and more");
});

test("a catalog in use is refused, and a seed that is there already changes nothing", async (t) => {
  const { databaseUrl, db } = await startDatabase(t);
  const run = (...more: string[]) => {
    const args = ["--developers", "5", "--apps", "20", "--versions", "60", "--keys", "9", ...more];
    const env = { ...process.env, DATABASE_URL: databaseUrl };
    return promisify(execFile)(process.execPath, [program, ...args], { env });
  };
  await run();
  const before = await digestOf(db.as("*"), sql`app_versions`);
  await assert.rejects(run("--seed", "2"), { code: 1, stderr: /The catalog is in use/ });
  await assert.rejects(run("--into-used"), { code: 1, stderr: /duplicate key/ });
  assert.equal(await digestOf(db.as("*"), sql`app_versions`), before);
  await run("--seed", "2", "--into-used");
  const apps = await many(db.as("*"), Type.Object({}), sql`select from apps`);
  assert.equal(apps.length, 40);
});

async function digestOf(db: Pool, table: Sql): Promise<string> {
  const { digest } = await one(
    db,
    Type.Object({ digest: Type.String() }),
    sql`select md5(string_agg(t::text, '|' order by t::text)) as digest from ${table} t`,
  );
  return digest;
}
