import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "@mosis/runtime";
import { runner } from "node-pg-migrate";
import pg from "pg";

export interface MigrateOptions {
  url: string;
  /** Of `.sql` files named by number, each with `-- Up Migration` and `-- Down Migration`. */
  folder: string;
  direction: "up" | "down";
  /** How many; default all. */
  count?: number;
  log: Logger;
}

/**
 * How long a migration waits for a lock. Whoever comes after it waits behind it, readers too, so it gives up
 * early and tries again.
 */
const lockTimeoutMs = 500;
/** Between two tries: what waited behind the lock gets its turn. */
const retryDelayMs = 500;
/** As often as another migration may take to end, and transactions that are in the way. */
const triesMax = 300;

/**
 * Applies migrations in the order of their numbers, each in a transaction of its own, recorded in table
 * `schema_migrations`. Of several that run at once one works and the others wait for it (one advisory lock).
 * One that does not get a lock in time lets everybody pass and tries again, for five minutes.
 * @returns the names of what was applied.
 * @throws Error when a file has no way down, when one was put in before an applied one, or when its
 * SQL fails: then the ones before it stay applied.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { folder, count = Infinity, log } = options;
  await requireBothWays(folder);
  const applied: string[] = [];
  for (let tries = 1; ; tries++) {
    try {
      applied.push(...(await migrateOnce(options, count - applied.length, applied)));
      return applied;
    } catch (error) {
      if (tries === triesMax || !isInTheWay(error)) throw error;
      log.info({ err: error, tries }, "A migration did not get its lock, and is tried again");
      await wait(retryDelayMs);
    }
  }
}

/** @param applied gets the names of what stays applied when a later one fails. */
async function migrateOnce(
  { url, folder, direction, log }: MigrateOptions,
  count: number,
  applied: string[],
): Promise<string[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "mosis-migrate",
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    await client.query(`set lock_timeout = ${lockTimeoutMs}`);
    const before = await namesOf(client);
    try {
      const done = await runner({
        dbClient: client,
        dir: folder,
        direction,
        count,
        migrationsTable: "schema_migrations",
        checkOrder: true,
        advisoryLockMode: "wait",
        logger: {
          info: (message) => log.debug(message),
          warn: (message) => log.warn(message),
          error: (message) => log.warn(message),
        },
      });
      return done.map(({ name }) => name);
    } catch (error) {
      await client.query("rollback");
      const after = await namesOf(client);
      const [more, fewer] = direction === "up" ? [after, before] : [before, after];
      applied.push(...[...more].filter((name) => !fewer.has(name)));
      throw error;
    }
  } finally {
    await client.end();
  }
}

async function namesOf(client: pg.Client): Promise<Set<string>> {
  const table = await client.query<{ exists: boolean }>(
    "select to_regclass('schema_migrations') is not null as exists",
  );
  if (table.rows[0]?.exists !== true) return new Set();
  const { rows } = await client.query<{ name: string }>("select name from schema_migrations order by id");
  return new Set(rows.map(({ name }) => name));
}

/** A lock that was not had in time, or a deadlock: nothing of that migration was done. */
function isInTheWay(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "55P03" || code === "40P01";
}

async function requireBothWays(folder: string): Promise<void> {
  for (const file of await readdir(folder)) {
    if (!file.endsWith(".sql")) throw new Error(`${file} in ${folder} is not a migration.`);
    const text = await readFile(join(folder, file), "utf8");
    for (const way of ["Up", "Down"]) {
      if (!text.includes(`-- ${way} Migration\n`)) throw new Error(`${file} has no "-- ${way} Migration".`);
    }
  }
}
