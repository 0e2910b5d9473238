import { type ClickHouse, select } from "@mosis/clickhouse";
import { type Erasure, ErasureProof } from "@mosis/types/erasures";
import { Uuid } from "@mosis/types/formats";
import Type, { type Static } from "typebox";

const counts = ["events_erased", "rejected_erased", "remaining"] as const;
const ErasureRow = Type.Object({
  ...Type.Omit(ErasureProof, counts).properties,
  ...Type.Record(Type.Enum([...counts]), Type.String()).properties,
});
type ErasureRow = Static<typeof ErasureRow>;

/** Where a page ended: the time of its last erasure's request, in milliseconds since 1970, and its id. */
export const ErasurePosition = Type.Tuple([Type.Integer({ minimum: 0, maximum: 253_402_300_799_999 }), Uuid]);
export type ErasurePosition = Static<typeof ErasurePosition>;

const columns = `
  erasure_id, app_id, install_hash, requested_at, received_before, completed_at, kafka_expired_at, proof,
  toString(events_erased) as events_erased, toString(rejected_erased) as rejected_erased,
  toString(remaining) as remaining`;

/** Returns an erasure of an app that has ended, or null. */
export async function findErasure(store: ClickHouse, appId: string, id: string): Promise<Erasure | null> {
  const [row] = await select(
    store,
    ErasureRow,
    `select ${columns} from erasures_raw final
    where app_id = {app_id:UUID} and erasure_id = {id:UUID} and proof <> ''`,
    { app_id: appId, id },
  );
  return row ? toErasure(row) : null;
}

/**
 * Returns the erasures of an app that have ended, from new to old by the time of their request: a page and
 * one more.
 */
export async function listErasures(
  store: ClickHouse,
  appId: string,
  { limit, behind }: { limit: number; behind: ErasurePosition },
): Promise<Erasure[]> {
  const rows = await select(
    store,
    ErasureRow,
    `select ${columns} from erasures_raw final
    where app_id = {app_id:UUID} and proof <> ''
      and (toUnixTimestamp64Milli(requested_at), toString(erasure_id))
        < ({before_ms:Int64}, {before_id:String})
    order by requested_at desc, toString(erasure_id) desc
    limit {rows:UInt32}`,
    { app_id: appId, before_ms: behind[0], before_id: behind[1].toLowerCase(), rows: limit + 1 },
  );
  return rows.map(toErasure);
}

function toErasure(row: ErasureRow): Erasure {
  const { erasure_id, events_erased, rejected_erased, remaining, ...rest } = row;
  return {
    id: erasure_id,
    state: "erased",
    ...rest,
    events_erased: Number(events_erased),
    rejected_erased: Number(rejected_erased),
    remaining: Number(remaining),
  };
}
