// Views, which a migration cannot show as they are now. Each file of the folder `views/` has a subject; see
// RemadeFile for its form. `create or replace view` replaces a view in one step, so a reader sees the old one
// or the new one.
import { join } from "node:path";
import { readRemadeFiles } from "@mosis/runtime";
import Type from "typebox";
import type { ClickHouse } from "./client.ts";
import { insertJson } from "./insert.ts";
import { splitStatements } from "./migration-file.ts";
import { select } from "./query.ts";

interface Options {
  folder: string;
  /** The name of the last migration. */
  last: string;
  run: (statements: string[]) => Promise<void>;
}

/**
 * Makes the views of each changed file, and of all files after a migration, in the order of the files' names.
 * All migrations must have been applied.
 * @returns the names of the files.
 */
export async function applyViews(store: ClickHouse, { folder, last, run }: Options): Promise<string[]> {
  const files = await readRemadeFiles(join(folder, "views"), last);
  if (files.length === 0) return [];
  await store.command(viewsTable);
  const made = await madeViews(store);
  const changed = files.filter(({ name, checksum }) => made.get(name) !== checksum);
  for (const { name, create, checksum } of changed) {
    await run(splitStatements(create));
    await insertJson(store, { table: "schema_views", rows: [{ name, checksum }] });
  }
  return changed.map(({ name }) => name);
}

/** Drops all views, so that the tables under them can be taken back. */
export async function dropViews(store: ClickHouse, { folder, last, run }: Options): Promise<void> {
  const files = await readRemadeFiles(join(folder, "views"), last);
  if (files.length === 0) return;
  await store.command(viewsTable);
  for (const { name, drop } of files.toReversed()) {
    await run(splitStatements(drop));
    await insertJson(store, { table: "schema_views", rows: [{ name, checksum: "" }] });
  }
}

const viewsTable = `
  create table if not exists schema_views (
    name String comment 'Name of the file of views',
    checksum String comment 'SHA-256 of the last migration''s name and of the file; empty: they are dropped',
    at DateTime64(3, 'UTC') default now64(3) comment 'When'
  ) engine = ReplacingMergeTree(at) order by name
  comment 'Files of views, as they were made last; the last row of a name holds'`;

/** Returns the checksum of each file that was made, by its name. */
async function madeViews(store: ClickHouse): Promise<Map<string, string>> {
  const row = Type.Object({ name: Type.String(), checksum: Type.String() });
  const rows = await select(store, row, "select name, checksum from schema_views final");
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}
