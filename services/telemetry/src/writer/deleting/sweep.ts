import { ClickHouseRefused, select } from "@mosis/clickhouse";
import Type, { type Static } from "typebox";
import { deleteRows, type DeletingDeps } from "./delete-rows.ts";
import { judgeSweep, requireClock, type SweepFound, type SweepLimits } from "./sweep-guard.ts";

const PartRow = Type.Object({
  name: Type.String(),
  rows: Type.String(),
  expired: Type.String(),
  newest_received: Type.String(),
});
type PartRow = Static<typeof PartRow>;

/**
 * Deletes events that their apps no longer keep: a part in which nothing is kept is dropped whole, and the
 * rows of other parts are deleted by one mutation a partition. It does not drop whole partitions, although
 * the months of long ago are one or two parts: a client whose clock is years off may write into any partition
 * at any moment, and nobody adds to a part. Everything is counted before anything is deleted, because the
 * clock may be wrong.
 * @returns how many rows were found; rows that were stored twice count twice.
 * @throws SweepRefused when it would do more than it may.
 */
export async function sweepExpired(deps: DeletingDeps, { now, limits }: SweepOptions): Promise<number> {
  const { store, isStale } = deps;
  await requireClock(store, now);
  const nowMs = now();
  const params = { dictionary: `${store.database}.apps_dictionary`, now_ms: nowMs };
  const found = new Map<string, PartRow[]>();
  for (const partition of await listPartitions(deps)) {
    if (isStale()) return 0;
    const parts = await select(
      store,
      PartRow,
      `select _part as name, count() as rows, countIf(${isExpired}) as expired,
        max(toUnixTimestamp64Milli(client_time) + clock_correction_ms + received_delay_ms) as newest_received
      from events_raw where _partition_id = {partition:String} group by name`,
      { ...params, partition },
    );
    found.set(partition, parts);
  }
  judgeSweep(totalOf([...found.values()].flat()), nowMs, limits);
  let swept = 0;
  for (const [partition, every] of found) {
    if (isStale()) break;
    const parts = every.filter(({ expired }) => expired !== "0");
    for (const part of parts.filter(({ rows, expired }) => rows === expired)) {
      if (await dropPart(deps, part.name)) swept += Number(part.rows);
    }
    if (parts.length > 0) {
      swept += await deleteRows(deps, { table: "events_raw", partition, where: isExpired, params });
    }
  }
  return swept;
}

export interface SweepOptions {
  /** The writer's clock, milliseconds since 1970. */
  now: () => number;
  limits: SweepLimits;
}

function totalOf(parts: readonly PartRow[]): SweepFound {
  const total: SweepFound = { rows: 0, expired: 0, newestReceivedMs: 0 };
  for (const part of parts) {
    total.rows += Number(part.rows);
    total.expired += Number(part.expired);
    total.newestReceivedMs = Math.max(total.newestReceivedMs, Number(part.newest_received));
  }
  return total;
}

/**
 * Nothing is known of an app that is not in the dictionary, so its events stay for the longest time that is
 * allowed: deleted rows cannot be restored, even if the states of all apps were lost.
 */
const isExpired = `
  toUnixTimestamp64Milli(client_time) + clock_correction_ms < {now_ms:Int64}
    - 86400000 * dictGetOrDefault({dictionary:String}, 'telemetry_days', app_id, toUInt16(730))`;

const PartitionId = Type.Object({ partition_id: Type.String() });

async function listPartitions({ store }: DeletingDeps): Promise<string[]> {
  const rows = await select(
    store,
    PartitionId,
    `select distinct partition_id from system.parts
    where database = currentDatabase() and table = 'events_raw' and active order by partition_id`,
  );
  return rows.map(({ partition_id }) => partition_id);
}

/**
 * Returns false when the part was merged into another in the meantime: its rows are then deleted like any
 * others.
 */
async function dropPart({ store }: DeletingDeps, part: string): Promise<boolean> {
  try {
    await store.command("alter table events_raw drop part {part:String}", { part });
    return true;
  } catch (error) {
    if (error instanceof ClickHouseRefused && error.type === "NO_SUCH_DATA_PART") return false;
    throw error;
  }
}
