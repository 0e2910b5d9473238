import { type ClickHouse, select } from "@mosis/clickhouse";
import { Nullable, Timestamp, Uuid } from "@mosis/types/formats";
import Type, { type Static } from "typebox";
import { timeParam, whereOf, wholeMs } from "../store/filters.ts";

/** The end of a page: the key of its last event, with its time in milliseconds. */
export const RejectedPosition = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 }),
  Uuid,
  Type.Integer({ minimum: 0, maximum: 4_294_967_295 }),
]);
export type RejectedPosition = Static<typeof RejectedPosition>;

/** The conditions of a list; a missing one does not filter. */
export interface RejectedFilter {
  appId: string;
  from?: string | undefined;
  to?: string | undefined;
  code?: string | undefined;
  eventName?: string | undefined;
  replayed: boolean;
  /** The position after which the page begins; null for the first page. */
  behind: RejectedPosition | null;
}

const RejectedRow = Type.Object({
  received_at: Timestamp,
  batch_id: Uuid,
  delivery_id: Uuid,
  index: Type.Integer(),
  event_id: Type.String(),
  code: Type.String(),
  pointer: Type.String(),
  raw: Type.String(),
  context: Type.String(),
  clock_correction_ms: Type.String(),
  replayed_at: Nullable(Timestamp),
});
export type RejectedRow = Static<typeof RejectedRow>;

type Order = "from old to new" | "from new to old";

export function listRejected(
  store: ClickHouse,
  filter: RejectedFilter,
  { order, rows }: { order: Order; rows: number },
): Promise<RejectedRow[]> {
  const { where, params } = conditionOf(filter, order);
  const way = order === "from old to new" ? "asc" : "desc";
  return select(
    store,
    RejectedRow,
    `select
      received_at, batch_id, delivery_id, \`index\`, event_id, code, pointer, raw, context,
      clock_correction_ms, replayed_at
    from rejected_events
    where ${where}
    order by received_at ${way}, delivery_id ${way}, \`index\` ${way}
    limit {rows:UInt32}`,
    { ...params, rows },
  );
}

const Total = Type.Object({ total: Type.Integer() });

/** Returns how many events match, from old to new behind the position. */
export async function countRejected(store: ClickHouse, filter: RejectedFilter): Promise<number> {
  const { where, params } = conditionOf(filter, "from old to new");
  const statement = `select toUInt32(count()) as total from rejected_events where ${where}`;
  const [{ total }] = (await select(store, Total, statement, params)) as [{ total: number }];
  return total;
}

export function positionOf({ received_at, delivery_id, index }: RejectedRow): RejectedPosition {
  return [Date.parse(received_at), delivery_id, index];
}

function conditionOf(filter: RejectedFilter, order: Order) {
  const { appId, from, to, code, eventName, replayed, behind } = filter;
  const before = order === "from old to new" ? ">" : "<";
  const key = "received_at, delivery_id, `index`";
  const place = [timeParam("place"), "{delivery:UUID}", "{index:UInt32}"].join(", ");
  return whereOf([
    ["app_id = {app_id:UUID}", { app_id: appId }],
    ["replayed = {replayed:Bool}", { replayed }],
    [`received_at >= ${timeParam("from")}`, from === undefined ? null : { from: wholeMs(from) }],
    [`received_at < ${timeParam("to")}`, to === undefined ? null : { to: wholeMs(to) }],
    ["code = {code:String}", code === undefined ? null : { code }],
    // The name of an event that is not JSON is empty.
    ["JSONExtractString(raw, 'name') = {name:String}", eventName === undefined ? null : { name: eventName }],
    // The first half of the condition is for the index, which cannot use the second.
    [
      `received_at ${before}= ${timeParam("place")} and (${key}) ${before} (${place})`,
      behind && { place: behind[0], delivery: behind[1], index: behind[2] },
    ],
  ]);
}
