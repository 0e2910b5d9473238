import { ClickHouseRefused, select } from "@mosis/clickhouse";
import Type from "typebox";
import { deleteRows, type DeletingDeps } from "./delete-rows.ts";

const PartitionRow = Type.Object({ name: Type.String(), rows: Type.String(), expired: Type.String() });

/**
 * Deletes what its app no longer keeps: a part in which nothing is kept is dropped whole, and of other
 * parts the rows are deleted, by one mutation a partition. Not whole partitions, although the months of long
 * ago are one or two parts: a client whose clock is years off may write into any partition at any moment,
 * and a part is what nobody adds to.
 * @returns how many rows were found, those that were stored twice counted twice.
 */
export async function sweepExpired(deps: DeletingDeps, now: Date): Promise<number> {
  const { store, isStale } = deps;
  const params = { dictionary: `${store.database}.apps_dictionary`, now_ms: now.getTime() };
  let swept = 0;
  for (const partition of await listPartitions(deps)) {
    if (isStale()) break;
    const parts = await select(
      store,
      PartitionRow,
      `select _part as name, count() as rows, countIf(${isExpired}) as expired from events_raw
      where _partition_id = {partition:String} group by name having expired > 0`,
      { ...params, partition },
    );
    for (const part of parts.filter(({ rows, expired }) => rows === expired)) {
      if (await dropPart(deps, part.name)) swept += Number(part.rows);
    }
    if (parts.length > 0) {
      swept += await deleteRows(deps, { table: "events_raw", partition, where: isExpired, params });
    }
  }
  return swept;
}

/**
 * Of an app that is not in the dictionary nothing is known, so its events stay as long as any may:
 * deleted is deleted, even if the states of all apps were lost.
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

/** False when the part was merged into another in the meantime: its rows are deleted like any others. */
async function dropPart({ store }: DeletingDeps, part: string): Promise<boolean> {
  try {
    await store.command("alter table events_raw drop part {part:String}", { part });
    return true;
  } catch (error) {
    if (error instanceof ClickHouseRefused && error.type === "NO_SUCH_DATA_PART") return false;
    throw error;
  }
}
