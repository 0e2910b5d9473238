import { hasSquashedHistory, type Logger, readSquashedHistory } from "@mosis/runtime";
import type { ClickHouse } from "./client.ts";
import { insertJson } from "./insert.ts";
import type { Applied, Migration } from "./migration-file.ts";

/**
 * Puts the new names into `schema_migrations` when the database has the whole history that was squashed. It
 * uses one insert of one block, which is stored as a whole or not at all. The tables stay as they are.
 * @returns the migrations that the database has from then on.
 * @throws Error when the database has only part of that history. Nothing is changed then.
 */
export async function adoptSquashedHistory(
  store: ClickHouse,
  options: { folder: string; migrations: Migration[]; applied: Applied; log: Logger },
): Promise<Applied> {
  const { folder, migrations, applied, log } = options;
  const squashed = await readSquashedHistory(folder);
  const replaced = [...applied.values()].map(({ name }) => name);
  if (squashed === null || !hasSquashedHistory(squashed, replaced)) return applied;
  const into = migrations.findIndex(({ name }) => name === squashed.into);
  const replacing = new Map(migrations.slice(0, into + 1).map((migration) => [migration.number, migration]));
  const gone = [...applied].filter(([number]) => !replacing.has(number));
  await insertJson(store, {
    table: "schema_migrations",
    rows: [
      ...[...replacing].map(([number, { name, checksum }]) => ({ number, name, checksum, applied: 1 })),
      ...gone.map(([number, { name, checksum }]) => ({ number, name, checksum, applied: 0 })),
    ],
  });
  log.info(
    { replaced, replacing: [...replacing.values()].map(({ name }) => name) },
    "The database has the whole history that was squashed, and is adopted",
  );
  return replacing;
}
