import { hasSquashedHistory, type Logger, readSquashedHistory } from "@mosis/runtime";
import type pg from "pg";

/**
 * Puts the new names into `schema_migrations`, in one transaction, when the database has the whole history
 * that was squashed. Its schema stays as it is.
 * @param options.names The names of all migrations, in their order.
 * @param options.applied The names of the applied migrations, in their order.
 * @throws Error when the database has only part of that history. Nothing is changed then.
 */
export async function adoptSquashedHistory(
  client: pg.Client,
  options: { folder: string; names: string[]; applied: string[]; log: Logger },
): Promise<void> {
  const { folder, names, applied, log } = options;
  const squashed = await readSquashedHistory(folder);
  if (squashed === null || !hasSquashedHistory(squashed, applied)) return;
  const kept = applied.indexOf(squashed.first);
  const replaced = applied.slice(kept);
  const replacing = names.slice(kept, names.indexOf(squashed.into) + 1);
  // One statement is one transaction. The ids follow the order of the names.
  await client.query(
    `with gone as (delete from schema_migrations where name = any ($1))
     insert into schema_migrations (name, run_on)
     select name, now() from unnest($2::text[]) with ordinality as files (name, place) order by place`,
    [replaced, replacing],
  );
  log.info({ replaced, replacing }, "The database has the whole history that was squashed, and is adopted");
}
