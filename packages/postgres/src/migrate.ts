import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "@mosis/runtime";
import { PG_MIGRATE_LOCK_ID, runner } from "node-pg-migrate";
import pg from "pg";
import { adoptSquashedHistory } from "./squashed-history.ts";
import { applyRoutines, dropRoutines } from "./routines.ts";

export interface MigrateOptions {
  url: string;
  /**
   * The folder with `migrations/`: `.sql` files named by number, each with `-- Up Migration` and `-- Down
   * Migration`. It may also have `routines/`, see routines.ts, and `squashed.json`, see SquashedHistory.
   */
  folder: string;
  direction: "up" | "down";
  /** The number of migrations; default all. */
  count?: number;
  log: Logger;
}

/**
 * The time that a migration waits for a lock. Everybody who comes after it waits behind it, readers too, so
 * it gives up early and tries again.
 */
const lockTimeoutMs = 500;
/** The pause between two tries. Statements that waited behind the lock run in it. */
const retryDelayMs = 500;
/**
 * The number of tries. They last as long as another migration, or transactions that are in the way, may take.
 */
const triesMax = 300;

/**
 * Applies migrations in the order of their numbers, each in a transaction of its own, and records them in
 * table `schema_migrations`. After the last one it makes the routines that changed; before the first one that
 * is reverted it drops all routines. When several callers run at once, one works and the others wait for it
 * (one advisory lock). A migration that does not get a lock in time lets everybody pass and tries again, for
 * five minutes.
 * @returns the names of the applied migrations.
 * @throws Error when a file has no way down, when a file was inserted before an applied one, when the
 * database has part of a history that was squashed, or when SQL fails. The migrations before it stay applied.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { folder, count = Infinity, log } = options;
  const names = await readNames(join(folder, "migrations"));
  const applied: string[] = [];
  for (let tries = 1; ; tries++) {
    try {
      await migrateOnce(options, { names, count: count - applied.length, applied });
      return applied;
    } catch (error) {
      if (tries === triesMax || !isInTheWay(error)) throw error;
      log.info({ err: error, tries }, "A migration did not get its lock, and is tried again");
      await wait(retryDelayMs);
    }
  }
}

interface Work {
  /** The names of all migrations, in their order. */
  names: string[];
  count: number;
  /** Gets the names of the applied migrations, also when a later one fails. */
  applied: string[];
}

async function migrateOnce({ url, folder, direction, log }: MigrateOptions, work: Work): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "mosis-migrate",
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    await client.query(`set lock_timeout = ${lockTimeoutMs}`);
    // This is the lock that the runner would take, and would release before the routines. It ends with the
    // connection.
    await client.query(`select pg_advisory_lock(${PG_MIGRATE_LOCK_ID})`);
    await adoptSquashedHistory(client, { ...work, folder, applied: await appliedNames(client), log });
    const { names, count } = work;
    if (direction === "down" && count > 0) await dropRoutines(client, { folder, names, log });
    if (count > 0) await runMigrations(client, { folder, direction, log }, work);
    const applied = await appliedNames(client);
    const isNewest = names.every((name) => applied.includes(name));
    if (direction === "up" && isNewest) await applyRoutines(client, { folder, names, log });
  } finally {
    await client.end();
  }
}

async function runMigrations(
  client: pg.Client,
  { folder, direction, log }: Pick<MigrateOptions, "folder" | "direction" | "log">,
  { count, applied }: Work,
): Promise<void> {
  const before = await appliedNames(client);
  try {
    await runner({
      dbClient: client,
      dir: join(folder, "migrations"),
      direction,
      count,
      migrationsTable: "schema_migrations",
      checkOrder: true,
      noLock: true,
      logger: {
        info: (message) => log.debug(message),
        warn: (message) => log.warn(message),
        error: (message) => log.warn(message),
      },
    });
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    const after = await appliedNames(client);
    if (direction === "up") applied.push(...after.filter((name) => !before.includes(name)));
    else applied.push(...before.filter((name) => !after.includes(name)).toReversed());
  }
}

/** Returns the names of the applied migrations, in the order in which they were applied. */
async function appliedNames(client: pg.Client): Promise<string[]> {
  const table = await client.query<{ exists: boolean }>(
    "select to_regclass('schema_migrations') is not null as exists",
  );
  if (table.rows[0]?.exists !== true) return [];
  const { rows } = await client.query<{ name: string }>(
    "select name from schema_migrations order by run_on, id",
  );
  return rows.map(({ name }) => name);
}

/** Returns true for a lock timeout or a deadlock: that migration did nothing. */
function isInTheWay(error: unknown): boolean {
  const { code } = (error instanceof Error ? (error.cause ?? error) : error) as { code?: unknown };
  return code === "55P03" || code === "40P01";
}

async function readNames(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).toSorted();
  for (const file of files) {
    if (!file.endsWith(".sql")) throw new Error(`${file} in ${folder} is not a migration.`);
    const text = await readFile(join(folder, file), "utf8");
    for (const way of ["Up", "Down"]) {
      if (!text.includes(`-- ${way} Migration\n`)) throw new Error(`${file} has no "-- ${way} Migration".`);
    }
  }
  return files.map((file) => file.slice(0, -".sql".length));
}
