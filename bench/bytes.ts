// `bytes` measures what a lifelike event takes on disk in the current table, by column, and what other orders
// of the table would take and read.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../infra/local/endpoints.ts";
import { ask } from "./bytes/ask.ts";
import { orders } from "./bytes/orders.ts";
import { median } from "./percentiles.ts";
import type { Platform } from "./platform.ts";
import type { Figures, Outcome } from "./report.ts";

const prefix = "bench_bytes";
const firstTable = `${prefix}_as_it_is`;
const questionRuns = 7;
const dayMs = 86_400_000;

export async function benchBytes({ endpoints }: Platform, { rows }: { rows: number }): Promise<Outcome> {
  const url = endpoints.clickhouse;
  // The last whole days, so that no rule about age removes any row.
  const start = new Date(Math.floor(Date.now() / dayMs - 31) * dayMs).toISOString().replace("Z", "");
  const byOrder: Record<string, Figures> = {};
  const broken: string[] = [];
  let columns: Figures = {};
  let apps: App[] = [];
  try {
    for (const name of Object.keys(orders)) {
      console.log(`Making ${rows} events, order ${name} …`);
      const table = `${prefix}_${name}`;
      await createTable(url, table, orders[name] ?? null);
      if (table === firstTable) await fillFirst(url, { rows, start });
      else await ask(url, `insert into ${table} select * from ${firstTable}`);
      await ask(url, `optimize table ${table} final`);
      const shown = await numberOf(url, `select count() as number from ${table} final`);
      if (shown !== rows) broken.push(`Order ${name}: ${shown} of ${rows} events in SQL.`);
      if (table === firstTable) [columns, apps] = [await bytesByColumn(url, table), await someApps(url)];
      const bytes = await numberOf(
        url,
        `select sum(bytes_on_disk) / sum(rows) as number from system.parts
         where database = currentDatabase() and active and table = '${table}'`,
      );
      byOrder[name] = { bytes_per_event: bytes, ...(await askQuestions(url, table, { apps, start })) };
      if (table !== firstTable) await dropTable(url, table);
    }
  } finally {
    for (const name of Object.keys(orders)) await dropTable(url, `${prefix}_${name}`);
  }
  const bytes = byOrder["as_it_is"]?.["bytes_per_event"] ?? Number.NaN;
  return { figures: { bytes_per_event: bytes, rows, by_column: columns, by_order: byOrder }, broken };
}

/**
 * Creates a table with the columns, codecs, indexes, engine and settings of `events_raw`, and a view like
 * `events` above it.
 */
async function createTable(url: string, table: string, order: string | null): Promise<void> {
  const { data } = await ask(
    url,
    `select name, engine_full, sorting_key, as_select from system.tables
     where database = currentDatabase() and name in ('events_raw', 'events') order by name`,
  );
  const [view, raw] = data as { engine_full: string; sorting_key: string; as_select: string }[];
  if (!view || !raw) throw new UserError("The database has no table events_raw with a view events.");
  const engine =
    order === null
      ? raw.engine_full
      : raw.engine_full.replace(`ORDER BY (${raw.sorting_key})`, () => `ORDER BY (${order})`);
  if (order !== null && engine === raw.engine_full) throw new Error(`No order in ${raw.engine_full}`);
  await dropTable(url, table);
  await ask(url, `create table ${table} as events_raw engine = ${engine}`);
  await ask(
    url,
    `create view ${viewOf(table)} as ${view.as_select.replaceAll(/\bevents_raw\b/g, () => table)}`,
  );
}

async function dropTable(url: string, table: string): Promise<void> {
  await ask(url, `drop view if exists ${viewOf(table)}`);
  await ask(url, `drop table if exists ${table} sync`);
}

function viewOf(table: string): string {
  return `${table}_view`;
}

async function fillFirst(url: string, { rows, start }: { rows: number; start: string }): Promise<void> {
  await ask(url, sqlOf("lifelike"), { table: firstTable, rows: String(rows), start });
}

function sqlOf(name: string): string {
  return readFileSync(join(import.meta.dirname, `bytes/${name}.sql`), "utf8");
}

async function numberOf(url: string, sql: string): Promise<number> {
  const { data } = await ask(url, sql);
  return Number(data[0]?.["number"]);
}

/**
 * Returns the data and marks of each column in bytes. The rest is the indexes and the description of the
 * part.
 */
async function bytesByColumn(url: string, table: string): Promise<Figures> {
  const where = `where database = currentDatabase() and active and table = '${table}'`;
  const { data } = await ask(
    url,
    `select column, sum(column_bytes_on_disk) / sum(rows) as bytes from system.parts_columns ${where}
     group by column order by bytes desc`,
  );
  const columns = Object.fromEntries(data.map(({ column, bytes }) => [String(column), Number(bytes)]));
  const all = await numberOf(
    url,
    `select sum(bytes_on_disk) / sum(rows) as number from system.parts ${where}`,
  );
  const sum = Object.values(columns).reduce((sum, bytes) => sum + bytes, 0);
  return { ...columns, indexes_and_rest: all - sum };
}

interface App {
  size: "biggest_app" | "app_of_rank_100";
  id: string;
  /** The name of the app's most frequent event. */
  name: string;
}

async function someApps(url: string): Promise<App[]> {
  const { data } = await ask(
    url,
    `select app_id, topK(1)(name)[1] as frequent from ${firstTable}
     group by app_id order by count() desc limit 100`,
  );
  const app = (size: App["size"], row: Record<string, unknown> | undefined): App => ({
    size,
    id: String(row?.["app_id"]),
    name: String(row?.["frequent"]),
  });
  return [app("biggest_app", data[0]), app("app_of_rank_100", data.at(-1))];
}

const questions = { app_by_day: "app-by-day", day_by_name: "day-by-name", one_hour: "one-hour" };

/** Runs each question several times, warm, through the view, and therefore with FINAL. */
async function askQuestions(
  url: string,
  table: string,
  { apps, start }: { apps: readonly App[]; start: string },
): Promise<Figures> {
  const figures: Figures = {};
  for (const [question, file] of Object.entries(questions)) {
    for (const { size, id, name } of apps) {
      const runs = [];
      for (let run = 0; run < questionRuns; run++) {
        const { statistics } = await ask(url, sqlOf(file), { view: viewOf(table), app: id, name, start });
        runs.push(statistics);
      }
      figures[`${question}_of_${size}`] = {
        ms: 1000 * median(runs.map(({ elapsed }) => elapsed)),
        rows_read: median(runs.map(({ rows_read }) => rows_read)),
        mb_read: median(runs.map(({ bytes_read }) => bytes_read)) / 1e6,
      };
    }
  }
  return figures;
}
