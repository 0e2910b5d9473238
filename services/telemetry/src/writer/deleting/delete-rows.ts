import { setTimeout as delay } from "node:timers/promises";
import { type ClickHouse, type QueryParams, select } from "@mosis/clickhouse";
import type { Logger } from "@mosis/runtime";
import Type from "typebox";
import { TransientError } from "../retry.ts";

export interface Deletion {
  table: string;
  /** The id of the one partition to look into; all partitions when left out. */
  partition?: string;
  /** The condition of the rows, with `{name:Type}` for values. */
  where: string;
  /**
   * The assignment that is made in the rows instead of deleting them; the condition must not hold afterwards.
   */
  set?: string;
  params: QueryParams;
}

export interface DeletingDeps {
  store: ClickHouse;
  log: Logger;
  /** Returns true when another writer deletes from now on: begin nothing more. */
  isStale: () => boolean;
}

/** The first pause; it doubles up to ten seconds. */
const pollMinMs = 50;
const pollMaxMs = 10_000;

/**
 * Deletes rows for good, or the content of their columns, and returns when a query finds none, however often
 * it is interrupted: 1 wait for any deletion that is running already; 2 count; 3 delete, and begin again.
 * ClickHouse continues a mutation whether somebody waits for it or not, so a deadline of ours must not begin
 * a second one.
 * @returns how many rows were found at first.
 * @throws ClickHouseRefused, ClickHouseUnavailable; TransientError when another writer does it from now on.
 */
export async function deleteRows(deps: DeletingDeps, deletion: Deletion): Promise<number> {
  const { store } = deps;
  const { table, partition, where, set } = deletion;
  for (let found: number | null = null; ;) {
    await mutationsEnded(deps, table);
    const count = await countRows(store, deletion);
    found ??= count;
    if (count === 0) return found;
    const within = partition === undefined ? "" : "in partition id {partition:String}";
    const change = set === undefined ? "delete" : `update ${set}`;
    await store.command(`alter table ${table} ${change} ${within} where ${where}`, valuesOf(deletion));
  }
}

const RowsRow = Type.Object({ rows: Type.String() });

export async function countRows(store: ClickHouse, deletion: Deletion, final = ""): Promise<number> {
  const { table, partition, where } = deletion;
  const within = partition === undefined ? "" : "_partition_id = {partition:String} and ";
  const rows = await select(
    store,
    RowsRow,
    `select count() as rows from ${table} ${final} where ${within}(${where})`,
    valuesOf(deletion),
  );
  return Number(rows[0]?.rows);
}

function valuesOf({ params, partition }: Deletion): QueryParams {
  return partition === undefined ? params : { ...params, partition };
}

const MutationRow = Type.Object({ mutation_id: Type.String(), latest_fail_reason: Type.String() });

async function mutationsEnded({ store, log, isStale }: DeletingDeps, table: string): Promise<void> {
  const startedMs = performance.now();
  for (let pauseMs = pollMinMs; ; pauseMs = Math.min(pauseMs * 2, pollMaxMs)) {
    const [running] = await select(
      store,
      MutationRow,
      `select mutation_id, latest_fail_reason from system.mutations
      where database = currentDatabase() and table = {table:String} and not is_done limit 1`,
      { table },
    );
    if (!running) return;
    if (isStale()) throw new TransientError("Somebody else deletes from now on, or the writer stops.");
    if (running.latest_fail_reason !== "" || pauseMs === pollMaxMs) {
      const waited_ms = Math.round(performance.now() - startedMs);
      log.warn({ ...running, table, waited_ms }, `Rows of ${table} are still being deleted`);
    }
    await delay(pauseMs);
  }
}
