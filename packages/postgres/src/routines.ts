// Routines: functions, views and triggers, which a migration file cannot show as they are now. Each file of
// the folder `routines/` has a subject; see RemadeFile for its form.
import { join } from "node:path";
import { type Logger, readRemadeFiles } from "@mosis/runtime";
import type pg from "pg";

interface Options {
  folder: string;
  /** The names of all migrations, in their order. */
  names: string[];
  log: Logger;
}

/**
 * Makes the routines of each changed file, and of all files after a migration, which may have dropped
 * routines that were in its way. They are made in one transaction, in the order of the files' names, so a
 * file may use what an earlier one makes. All migrations must have been applied.
 */
export async function applyRoutines(client: pg.Client, { folder, names, log }: Options): Promise<void> {
  const made = await madeRoutines(client);
  const files = await readRoutines(folder, names);
  const changed = files.filter(({ name, checksum }) => made.get(name) !== checksum);
  if (changed.length === 0) return;
  await inTransaction(client, async () => {
    await client.query(bookkeeping);
    for (const { name, create, checksum } of changed) {
      await runFile(client, name, create);
      await client.query(
        `insert into schema_routines (name, checksum) values ($1, $2)
         on conflict (name) do update set checksum = excluded.checksum, made_at = now()`,
        [name, checksum],
      );
    }
  });
  log.info({ routines: changed.map(({ name }) => name) }, "Functions, views and triggers were made anew");
}

/** Drops all routines, so that the tables under them can be taken back. */
export async function dropRoutines(client: pg.Client, { folder, names, log }: Options): Promise<void> {
  const made = await madeRoutines(client);
  if (made.size === 0) return;
  const files = await readRoutines(folder, names);
  await inTransaction(client, async () => {
    for (const { name, drop } of files.toReversed()) {
      if (made.has(name)) await runFile(client, name, drop);
    }
    await client.query("delete from schema_routines");
  });
  log.info({ routines: [...made.keys()] }, "Functions, views and triggers were dropped");
}

function readRoutines(folder: string, names: string[]) {
  return readRemadeFiles(join(folder, "routines"), names.at(-1) ?? "");
}

const bookkeeping = `
  create table if not exists schema_routines (
    name text primary key,
    checksum text not null,
    made_at timestamptz not null default now()
  );
  comment on table schema_routines is 'Files of functions, views and triggers, as they were made last';
  comment on column schema_routines.name is 'Name of the file without its end';
  comment on column schema_routines.checksum is 'SHA-256 of the last migration''s name and of the file, hex';
  comment on column schema_routines.made_at is 'When it was made';`;

/** Returns the checksum of each file that was made, by its name. */
async function madeRoutines(client: pg.Client): Promise<Map<string, string>> {
  const table = await client.query<{ exists: boolean }>(
    "select to_regclass('schema_routines') is not null as exists",
  );
  if (table.rows[0]?.exists !== true) return new Map();
  const { rows } = await client.query<{ name: string; checksum: string }>(
    "select name, checksum from schema_routines",
  );
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

/**
 * Runs the statements of a file.
 * @throws Error that names the file; its cause is PostgreSQL's error.
 */
async function runFile(client: pg.Client, name: string, text: string): Promise<void> {
  try {
    await client.query(text);
  } catch (error) {
    throw new Error(`routines/${name}.sql: ${String(error)}`, { cause: error });
  }
}

async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query("begin");
  try {
    await work();
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}
