import type { Static, TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { call, type ClickHouse } from "./client.ts";

export interface SelectLimits {
  /** More rows than this are an error, not a shortened answer. Default 10 000. */
  rowsMax?: number;
}

/**
 * Values of `{name:Type}` in the SQL. They are sent beside it and are never part of it. Up to 128 KiB each,
 * which is 3000 UUIDs.
 */
export type QueryParams = Readonly<Record<string, unknown>>;

const validators = new WeakMap<TSchema, Validator>();

/**
 * Reads rows. 64-bit integers are returned as text, because a JavaScript number cannot hold them all.
 * @throws ClickHouseRefused, ClickHouseUnavailable; Error when a row does not match its schema, which is our
 * bug.
 */
export async function select<T extends TSchema>(
  store: ClickHouse,
  schema: T,
  sql: string,
  params: QueryParams = {},
  { rowsMax = 10_000 }: SelectLimits = {},
): Promise<Static<T>[]> {
  const startedAt = performance.now();
  const rows = await call(store, async (abort_signal) => {
    const answer = await store.client.query({
      query: sql,
      query_params: { ...params },
      // Long lists of ids do not fit into a URL.
      use_multipart_params_auto: true,
      format: "JSONEachRow",
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 1,
        // This is how we write times ourselves: 2026-11-24T10:00:00.000Z.
        date_time_output_format: "iso",
        max_result_rows: String(rowsMax),
        result_overflow_mode: "throw",
        // The server stops a query that nobody waits for any more.
        max_execution_time: Math.ceil(store.requestTimeoutMs / 1000),
        // With this, an error in the middle of an answer is reported as an error.
        wait_end_of_query: 1,
      },
      abort_signal,
    });
    return answer.json<unknown>();
  }).finally(() => store.queried(sql, performance.now() - startedAt));
  const validator = validatorOf(schema);
  for (const row of rows) {
    if (!validator.Check(row)) throw new Error(`A row does not match its schema: ${faults(validator, row)}`);
  }
  return rows as Static<T>[];
}

function validatorOf(schema: TSchema): Validator {
  let validator = validators.get(schema);
  if (!validator) validators.set(schema, (validator = Compile(schema)));
  return validator;
}

function faults(validator: Validator, row: unknown): string {
  return validator
    .Errors(row)
    .slice(0, 3)
    .map(({ instancePath, message }) => `${instancePath} ${message}`)
    .join("; ");
}
