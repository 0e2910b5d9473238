// Reads that wait: the books are compared even when somebody kills ClickHouse or query in the middle of the
// run.
import { setTimeout as sleep } from "node:timers/promises";
import type { Static, TSchema } from "typebox";
import { type ClickHouse, type QueryParams, select, type SelectLimits } from "@mosis/clickhouse";
import { MosisProblem } from "@mosis/client";
import { Unavailable } from "@mosis/runtime";

const patienceMs = 60_000;
const pauseMs = 200;

/**
 * Reads again while the service is down. @throws the error of the last try after a minute, any other error at
 * once.
 */
export async function patiently<T>(read: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!isAway(error) || performance.now() > giveUpAt) throw error;
      await sleep(pauseMs);
    }
  }
}

/** Runs `select`, and waits while ClickHouse is down. */
export function patientSelect<T extends TSchema>(
  store: ClickHouse,
  schema: T,
  sql: string,
  params: QueryParams,
  limits: SelectLimits = {},
): Promise<Static<T>[]> {
  return patiently(() => select(store, schema, sql, params, limits));
}

function isAway(error: unknown): boolean {
  if (error instanceof MosisProblem) return error.status >= 500;
  // fetch throws a TypeError for a connection that was refused or cut.
  return error instanceof Unavailable || (error instanceof TypeError && error.message === "fetch failed");
}
