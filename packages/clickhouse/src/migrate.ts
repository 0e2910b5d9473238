import Type from "typebox";
import { join } from "node:path";
import { call, type ClickHouse, type ClickHouseConfig, openClickHouse } from "./client.ts";
import { adoptSquashedHistory } from "./squashed-history.ts";
import { insertJson } from "./insert.ts";
import { type Applied, type Migration, readMigrations } from "./migration-file.ts";
import { withMigrationLock } from "./migration-lock.ts";
import { select } from "./query.ts";
import { applyViews, dropViews } from "./views.ts";

export interface MigrateOptions extends ClickHouseConfig {
  /**
   * The folder with `migrations/`, which has files `0001_….sql`. It may also have `views/`, see views.ts, and
   * `squashed.json`, see SquashedHistory.
   */
  folder: string;
}

/**
 * Creates the database if there is none, applies missing migrations in order, and then the views that
 * changed. It may run as often as you like; when several run at once, one works and the others wait. A file
 * that fails half-way runs again from its start the next time, because ClickHouse has no transactions for
 * tables: every statement has `if not exists` or `if exists`.
 * @returns the names of the applied migrations.
 * @throws Error when an applied file was changed or is missing, and when the database has part of a history
 * that was squashed; ClickHouseRefused, ClickHouseUnavailable.
 */
export async function migrateUp(options: MigrateOptions): Promise<string[]> {
  const { log } = options;
  return migrate(options, async (store, migrations, applied) => {
    const missing = migrations.filter(({ number }) => !applied.has(number));
    for (const migration of missing) {
      await run(store, migration.up);
      await record(store, migration, 1);
      log.info({ migration: migration.name }, `Migrated up: ${migration.name}`);
    }
    const views = await applyViews(store, viewsOf(store, options, migrations));
    if (views.length > 0) log.info({ views }, "Views were made anew");
    return missing;
  });
}

/**
 * Reverts all migrations above a number, newest first, and all views before. It is for tests and for a
 * release that is taken back.
 * @returns the names of the reverted migrations.
 */
export async function migrateDown(options: MigrateOptions & { to: number }): Promise<string[]> {
  return migrate(options, async (store, migrations, applied) => {
    const above = migrations.filter(({ number }) => number > options.to && applied.has(number)).toReversed();
    if (above.length > 0) await dropViews(store, viewsOf(store, options, migrations));
    for (const migration of above) {
      await run(store, migration.down);
      await record(store, migration, 0);
      options.log.info({ migration: migration.name }, `Migrated down: ${migration.name}`);
    }
    return above;
  });
}

function viewsOf(store: ClickHouse, { folder }: MigrateOptions, migrations: Migration[]) {
  const last = migrations.at(-1)?.name ?? "";
  return { folder, last, run: (statements: string[]) => run(store, statements) };
}

type Step = (store: ClickHouse, migrations: Migration[], applied: Applied) => Promise<Migration[]>;

async function migrate(options: MigrateOptions, step: Step): Promise<string[]> {
  const migrations = await readMigrations(join(options.folder, "migrations"));
  await createDatabase(options);
  const store = openClickHouse(options);
  try {
    const done = await withMigrationLock(options, async () => {
      await store.command(migrationsTable);
      const found = await readApplied(store);
      const applied = await adoptSquashedHistory(store, { ...options, migrations, applied: found });
      requireUnchanged(migrations, applied);
      return step(store, migrations, applied);
    });
    return done.map(({ name }) => name);
  } finally {
    await store.close();
  }
}

async function createDatabase(options: MigrateOptions): Promise<void> {
  const { database } = openClickHouse(options);
  const server = openClickHouse({ ...options, url: new URL("/default", options.url).href });
  try {
    await server.command(`create database if not exists \`${database}\``);
  } finally {
    await server.close();
  }
}

const migrationsTable = `
  create table if not exists schema_migrations (
    number UInt32 comment 'Number of the migration',
    name String comment 'Name of its file',
    checksum String comment 'SHA-256 of its file',
    applied UInt8 comment '1 applied, 0 taken back',
    at DateTime64(3, 'UTC') default now64(3) comment 'When'
  ) engine = ReplacingMergeTree(at) order by number
  comment 'Migrations that were applied or taken back; the last row of a number holds'`;

async function readApplied(store: ClickHouse): Promise<Applied> {
  const row = Type.Object({ number: Type.Integer(), name: Type.String(), checksum: Type.String() });
  const rows = await select(
    store,
    row,
    "select number, name, checksum from schema_migrations final where applied = 1 order by number",
  );
  return new Map(rows.map((applied) => [applied.number, applied]));
}

async function record(store: ClickHouse, migration: Migration, applied: 0 | 1): Promise<void> {
  const { number, name, checksum } = migration;
  await insertJson(store, { table: "schema_migrations", rows: [{ number, name, checksum, applied }] });
}

function requireUnchanged(migrations: Migration[], applied: Applied): void {
  const files = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const [number, { name, checksum }] of applied) {
    const file = files.get(number);
    if (!file)
      throw new Error(`${name} was applied and its file is gone: this code is older than the database.`);
    if (file.checksum !== checksum) {
      throw new Error(`${name} was changed after it was applied: write a new migration instead.`);
    }
  }
}

/** Returns the name of the database with the views that analysts read; migrations call it `{analysts}`. */
export function analystsDatabase(database: string): string {
  return `${database}_analysts`;
}

async function run(store: ClickHouse, statements: string[]): Promise<void> {
  for (const statement of statements) {
    await call(store, async (abort_signal) => {
      await store.client.command({
        query: statement.replaceAll("{analysts}", analystsDatabase(store.database)),
        // The answer comes when a dropped table is really gone, so that its name can be used again.
        clickhouse_settings: { database_atomic_wait_for_drop_and_detach_synchronously: 1 },
        abort_signal,
      });
    });
  }
}
