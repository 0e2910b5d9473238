import { type ClickHouse, insertJson, select } from "@mosis/clickhouse";
import type { Logger } from "@mosis/runtime";
import { AppState } from "@mosis/types/apps";
import { retentionDefaults } from "@mosis/types/retention";
import { insertBisecting } from "./bisect.ts";
import type { Gathered } from "./gather.ts";
import type { StoreDeps } from "./insert.ts";
import { createJsonReader, type JsonRecord } from "./json-record.ts";

const readApps = createJsonReader(AppState);
const table = "apps_raw";

type Row = Record<string, unknown>;

/**
 * Stores the records of `catalog.apps`: states first, then the deleted apps, then the names that SQL shows.
 */
export async function storeApps(deps: StoreDeps & { log: Logger }, gathered: Gathered): Promise<void> {
  const { deadLetter } = deps;
  const { batches, isStale } = gathered;
  const { read, faults } = readApps(batches);
  for (const [origin, fault] of faults) await deadLetter(origin, fault, isStale);

  const states = read.filter(({ value }) => value !== null);
  await insertBisecting(
    states,
    (part) => insertRows(deps, part.flatMap(toRow), isStale),
    ({ origin }, fault) => deadLetter(origin, fault, isStale),
  );
  const gone = read.filter(({ value }) => value === null);
  if (gone.length > 0) await insertRows(deps, await goneRows(deps, gone, isStale), isStale);
  if (read.length > 0) await reloadNames(deps);
}

function toRow({ value, position }: JsonRecord<AppState>): Row[] {
  if (!value) return [];
  const { app_id, developer_id, package_id, name, status, updated_at } = value;
  const { telemetry_days } = { ...retentionDefaults, ...value };
  return [
    { app_id, developer_id, package_id, name, status, updated_at, telemetry_days, deleted: 0, position },
  ];
}

/**
 * Stores tombstones. They have no state: the last one is kept, marked as deleted, so that the events of the
 * app keep its name.
 */
async function goneRows(
  { store, retry }: StoreDeps,
  gone: JsonRecord<AppState>[],
  isStale: () => boolean,
): Promise<Row[]> {
  const positions = new Map(
    gone.map(({ origin, position }) => [origin.record.key?.toString() ?? "", position]),
  );
  const last = await retry("Reading apps", () => selectLastStates(store, [...positions.keys()]), isStale);
  return last.map((state) => ({ ...state, deleted: 1, position: positions.get(state.app_id) }));
}

function selectLastStates(store: ClickHouse, ids: string[]): Promise<AppState[]> {
  return select(
    store,
    AppState,
    `select app_id, developer_id, package_id, name, status, updated_at, telemetry_days
    from apps_raw final where toString(app_id) in {ids:Array(String)}`,
    { ids },
  );
}

async function insertRows(
  { store, retry, metrics }: StoreDeps,
  rows: Row[],
  isStale: () => boolean,
): Promise<void> {
  const insert = async () => {
    await insertJson(store, { table, rows });
    return { rows: rows.length };
  };
  await retry("Inserting apps", () => metrics.inserting(table, rows.length, insert), isStale);
}

/**
 * Reloads the dictionary. Without that a new app has no name in SQL until the dictionary's lifetime is over,
 * so a failure is no reason to stop.
 */
async function reloadNames({ store, log }: { store: ClickHouse; log: Logger }): Promise<void> {
  try {
    await store.command("system reload dictionary apps_dictionary");
  } catch (error) {
    log.warn({ err: error }, "Names of apps in SQL may be a minute old: the dictionary was not reloaded");
  }
}
