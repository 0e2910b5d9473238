// An account that belongs to the run, and what SQL shows of the events that were sent with it.
import { setTimeout as sleep } from "node:timers/promises";
import Type from "typebox";
import { type ClickHouse, openClickHouse, select } from "@mosis/clickhouse";
import { createLogger } from "@mosis/runtime";
import { registerDemo, untilKeysWork } from "../infra/local/demo/account.ts";
import { type Endpoints, UserError } from "../infra/local/endpoints.ts";

export interface Traffic {
  endpoint: string;
  store: ClickHouse;
  appIds: readonly string[];
  /** The ingest key of each app, in the order of `appIds`. */
  keys: readonly string[];
  /**
   * Returns the number of events of these apps whose batches SQL shows: the writer stores a batch after its
   * events.
   */
  stored(): Promise<number>;
  close(): Promise<void>;
}

const appCount = 20;

/** Opens traffic for twenty apps, each with a key that works already. */
export async function openTraffic(endpoints: Endpoints): Promise<Traffic> {
  const log = createLogger({ service: "bench", level: "warn" });
  const store = openClickHouse({ url: endpoints.clickhouse, log, requestTimeoutMs: 300_000 });
  const { apps, keys } = await registerDemo(endpoints, appCount);
  await untilKeysWork(endpoints.ingest, keys);
  const appIds = apps.map(({ id }) => id);
  return {
    endpoint: endpoints.ingest,
    store,
    appIds,
    keys,
    stored: () =>
      countOf(
        store,
        `SELECT toFloat64(sum(accepted)) AS number FROM ingest_batches WHERE app_id IN {appIds:Array(UUID)}`,
        { appIds },
      ),
    close: () => store.close(),
  };
}

/**
 * Waits until SQL counts the events and no merge runs.
 * @returns milliseconds until then.
 * @throws UserError when that does not happen: an acknowledged event is missing.
 */
export async function untilQuiet(
  { store, stored }: Pick<Traffic, "store" | "stored">,
  events: number,
  timeoutMs = 120_000,
): Promise<number> {
  const startedAt = performance.now();
  let quietTurns = 0;
  while (quietTurns < 3) {
    const rows = await stored();
    const merges = await countOf(store, "SELECT toFloat64(count()) AS number FROM system.merges", {});
    quietTurns = rows >= events && merges === 0 ? quietTurns + 1 : 0;
    if (performance.now() - startedAt > timeoutMs) {
      throw new UserError(`${events} events acknowledged, ${rows} stored, ${merges} merges running.`);
    }
    await sleep(500);
  }
  return performance.now() - startedAt;
}

/** Returns the single number of a query that names it `number`. */
export async function countOf(
  store: ClickHouse,
  sql: string,
  params: Record<string, unknown>,
): Promise<number> {
  const [row] = await select(store, Type.Object({ number: Type.Number() }), sql, params);
  return row?.number ?? 0;
}

/**
 * Compares the acknowledged events with what the view `events` shows.
 * @returns what is broken, one sentence each.
 */
export async function findLosses(
  { store, appIds }: Traffic,
  acknowledged: { events: number; batchIds?: readonly string[] },
): Promise<string[]> {
  const broken: string[] = [];
  let shown = 0;
  for (const app of appIds) {
    const [row] = await select(
      store,
      Type.Object({ events: Type.Number(), accepted: Type.Number() }),
      `SELECT toFloat64((SELECT count() FROM events WHERE app_id = {app:UUID})) AS events,
         toFloat64((SELECT sum(accepted) FROM ingest_batches WHERE app_id = {app:UUID})) AS accepted`,
      { app },
    );
    if (!row) throw new Error("A query without a from clause gave no row.");
    const { events, accepted } = row;
    if (events !== accepted) broken.push(`App ${app}: ${accepted} events accepted, ${events} in SQL.`);
    shown += events;
  }
  if (shown < acknowledged.events) {
    broken.push(`${acknowledged.events} events acknowledged, ${shown} in SQL.`);
  }
  if (acknowledged.batchIds) {
    const missing = await countMissing({ store, appIds }, acknowledged.batchIds);
    if (missing > 0) broken.push(`${missing} acknowledged batches are not in SQL.`);
  }
  return broken;
}

async function countMissing(
  { store, appIds }: Pick<Traffic, "store" | "appIds">,
  batchIds: readonly string[],
): Promise<number> {
  const missing = new Set(batchIds);
  for (const app of appIds) {
    const rows = await select(
      store,
      Type.Object({ batch_id: Type.String() }),
      "SELECT batch_id FROM ingest_batches WHERE app_id = {app:UUID}",
      { app },
      { rowsMax: 5_000_000 },
    );
    for (const { batch_id } of rows) missing.delete(batch_id);
  }
  return missing.size;
}
