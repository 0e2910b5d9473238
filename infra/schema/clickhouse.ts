// Describes the ClickHouse schema that the migrations make, as SQL that a person reads.
import { analystsDatabase, type ClickHouse, select } from "@mosis/clickhouse";
import Type from "typebox";

const Table = Type.Object({ name: Type.String(), query: Type.String() });

/**
 * Returns the text of the file.
 * @param database that was migrated; in the text it is `mosis`.
 */
export async function describeClickHouse(store: ClickHouse, database: string): Promise<string> {
  const analysts = analystsDatabase(database);
  const tables = await select(
    store,
    Table,
    `select name, formatQuery(create_table_query) as query from system.tables
     where database in (currentDatabase(), '${analysts}')
       and name not in ('schema_migrations', 'schema_views')
     order by database = '${analysts}', engine = 'View', name`,
  );
  const texts = tables.map(({ query }) =>
    query.replaceAll(analysts, analystsDatabase("mosis")).replaceAll(database, "mosis"),
  );
  return [header, ...texts.map((text) => `${text};`)].join("\n\n") + "\n";
}

const header =
  "-- Written by `npm run schema` from what migrate makes. Change a migration or a view, not this.";
