import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
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
 * Applies migrations in the order of their numbers, each in a transaction of its own, recorded in table
 * `schema_migrations`. Of several that run at once one works and the others wait for it (one advisory lock).
 * @returns the names of what was applied.
 * @throws Error when a file has no way down, when one was put in before an applied one, or when its
 * SQL fails: then the ones before it stay applied.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { url, folder, direction, count = Infinity, log } = options;
  await requireBothWays(folder);
  const client = new pg.Client({
    connectionString: url,
    application_name: "mosis-migrate",
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    const applied = await runner({
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
        error: (message) => log.error(message),
      },
    });
    return applied.map(({ name }) => name);
  } finally {
    await client.end();
  }
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
