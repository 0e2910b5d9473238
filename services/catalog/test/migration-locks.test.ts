import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { execute, many, migrate, openPool, type Pool, sql } from "@mosis/postgres";
import Type from "typebox";
import { emptyDatabase, log, patience, schemaFolder } from "./support.ts";

/** What holds reads up is told by their own bound of a second; all else may take its time. */
const bounds = { ...patience, statementTimeoutMs: 120_000, connectionsMax: 2 };

/** The five core tables with as many rows as the database selection has, and the URL. */
async function fullVolume(t: TestContext): Promise<string> {
  const url = await emptyDatabase(t);
  await migrate({ url, folder: schemaFolder, direction: "up", count: 5, log });
  const db = openPool({ url, name: "test", log, ...bounds });
  await execute(
    db,
    sql`
      insert into developers (email, name)
      select n || '@mosis.test', n::text from generate_series(1, 10000) n`,
  );
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name)
      select developers.id, 'org.mosis.a' || email || n, 'App ' || n
      from developers, generate_series(1, 10) n`,
  );
  await execute(
    db,
    sql`
      insert into api_keys (developer_id, name, key_hash, key_prefix)
      select id, 'k', md5(email || n), 'mk_abc' from developers, generate_series(1, 5) n`,
  );
  await execute(
    db,
    sql`
      insert into app_versions (app_id, version_code, version_name, package_url, package_size, signature)
      select id, n, '1.' || n, 'https://packages.mosis.test/' || id, 1000, repeat('A', 88)
      from apps, generate_series(1, 5) n`,
  );
  await db.close();
  return url;
}

/** Reads tables, one after the other, waiting for each lock a second at most, until it is over. */
function startReading(t: TestContext, databaseUrl: string) {
  const url = new URL(databaseUrl);
  url.searchParams.set("options", "-c lock_timeout=1s");
  const db = openPool({ url: url.href, name: "reader", log, ...bounds });
  t.after(() => db.close());
  const over = new AbortController();
  let reads = 0;
  const reading = (async () => {
    while (!over.signal.aborted) {
      await readAll(db);
      reads++;
    }
  })();
  // Told by `stop`.
  reading.catch(() => undefined);
  return {
    async stop(): Promise<number> {
      over.abort();
      await reading;
      return reads;
    },
  };
}

async function readAll(db: Pool): Promise<void> {
  const Found = Type.Object({ found: Type.Boolean() });
  await many(db, Found, sql`select true as found from app_versions limit 1`);
  await many(db, Found, sql`select true as found from apps limit 1`);
  await many(db, Found, sql`select true as found from api_keys limit 1`);
  await many(db, Found, sql`select true as found from developers limit 1`);
}

// Guards "adding a column at full volume does not lock reads": the server ends a read that waits longer.
// INVARIANT 61
test("a new column with a default, and every migration, let reads go on at the full volume", async (t) => {
  const url = await fullVolume(t);
  const db = openPool({ url, name: "test", log, ...bounds });
  const reader = startReading(t, url);
  const folder = await mkdtemp(join(tmpdir(), "mosis-migrations-"));
  t.after(() => rm(folder, { recursive: true }));
  const tables = ["app_versions", "apps", "api_keys", "developers"];
  const up = tables
    .map((table) => `alter table ${table} add column extra int not null default 1;`)
    .join("\n");
  await mkdir(join(folder, "migrations"));
  const file = join(folder, "migrations", "9999_extra.sql");
  await writeFile(file, `-- Up Migration\n${up}\n-- Down Migration\nselect 1;\n`);
  // To the runner these are other migrations than ours, so they have a book of their own.
  await execute(db, sql`alter table schema_migrations rename to our_migrations`);
  assert.deepEqual(await migrate({ url, folder, direction: "up", log }), ["9999_extra"]);
  await execute(db, sql`drop table schema_migrations`);
  await execute(db, sql`alter table our_migrations rename to schema_migrations`);

  // Nothing made versions before the migration that says what a whole one is.
  await execute(db, sql`truncate app_versions`);
  await db.close();
  const applied = await migrate({ url, folder: schemaFolder, direction: "up", log });
  assert.ok(applied.length > 10);
  assert.ok((await reader.stop()) > 10);
});
