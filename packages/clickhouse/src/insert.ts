import { Readable } from "node:stream";
import { call, type ClickHouse } from "./client.ts";

/** Settings of every insert, whatever the profile of the user has: the guarantees depend on them. */
const insertSettings = {
  // The answer must mean that the rows are in the table.
  async_insert: 0,
  // Sorting costs 1.7 µs a row; merges and FINAL fold duplicates.
  optimize_on_insert: 0,
  // Duplicates are found by their key. Remembered inserts lost acknowledged rows under kill -9.
  insert_deduplicate: 0,
  // A flush of wrong clocks may touch all 181 partitions of the events at once; the default is 100.
  max_partitions_per_insert_block: "200",
  // By default ClickHouse silently skips a column that the table does not have.
  input_format_skip_unknown_fields: 0,
  input_format_native_allow_types_conversion: 1,
} as const;

export interface NativeInsert {
  table: string;
  /** Column name → ClickHouse type, the same for every block. */
  columns: Readonly<Record<string, string>>;
  /** Whole Native blocks, sent one after the other unchanged. */
  blocks: readonly Buffer[];
  /** Further columns of the table, with the same value in every row. */
  constants?: Readonly<Record<string, number>>;
  /**
   * Chooses among the rows: gets the blocks as `input(…)` and returns what stands behind `from`. Left out,
   * all are inserted.
   */
  from?: (input: string) => string;
}

/**
 * Streams blocks into a table without copying or reading them. All rows are in the table when it resolves.
 * When it rejects, any of them may be in it: insert the same blocks again, into a table whose key makes the
 * second copy harmless.
 * @returns the number of rows that ClickHouse reports as written.
 * @throws ClickHouseRefused, ClickHouseUnavailable.
 */
export async function insertNative(store: ClickHouse, insert: NativeInsert): Promise<{ rows: number }> {
  return call(store, async (abort_signal) => {
    const { stream, summary } = await store.client.exec({
      query: nativeStatement(insert),
      // Object mode is off: the buffers go to the socket as they are.
      values: Readable.from(insert.blocks, { objectMode: false }),
      clickhouse_settings: insertSettings,
      abort_signal,
    });
    // An answer that is not read keeps its socket.
    await stream.resume().toArray();
    return { rows: Number(summary?.written_rows ?? 0) };
  });
}

/**
 * Inserts a few rows; for many rows, blocks are several times cheaper. Times are RFC 3339 text.
 * @throws ClickHouseRefused, ClickHouseUnavailable. Rows may be stored even then, as with `insertNative`.
 */
export async function insertJson(
  store: ClickHouse,
  { table, rows }: { table: string; rows: readonly Readonly<Record<string, unknown>>[] },
): Promise<void> {
  await call(store, (abort_signal) =>
    store.client.insert({
      table,
      values: [...rows],
      format: "JSONEachRow",
      clickhouse_settings: { ...insertSettings, date_time_input_format: "best_effort" },
      abort_signal,
    }),
  );
}

function nativeStatement({ table, columns, constants = {}, from }: NativeInsert): string {
  const names = Object.keys(columns).map(quoted);
  const fixed = Object.entries(constants);
  if (fixed.length === 0 && !from) return `insert into ${table} (${names.join(", ")}) format Native`;
  const structure = Object.entries(columns).map(([name, type]) => `${quoted(name)} ${type}`);
  const targets = [...names, ...fixed.map(([name]) => quoted(name))];
  const values = [...names, ...fixed.map(([, value]) => String(value))];
  const input = `input('${structure.join(", ").replaceAll("'", "\\'")}')`;
  return `insert into ${table} (${targets.join(", ")}) select ${values.join(", ")}
    from ${from ? from(input) : input} format Native`;
}

/** Quotes a name, which may be a word of SQL: `index`. */
function quoted(name: string): string {
  return `\`${name}\``;
}
