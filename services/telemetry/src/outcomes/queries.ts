import { type ClickHouse, select } from "@mosis/clickhouse";
import { type OutcomeName, type OutcomesQuery, outcomes } from "@mosis/types/outcomes";
import { Timestamp } from "@mosis/types/formats";
import Type, { type Static } from "typebox";
import { timeParam } from "../store/filters.ts";

const Counted = Type.Object({
  bucket: Timestamp,
  outcome: Type.Enum(Object.keys(outcomes) as OutcomeName[]),
  reason: Type.String(),
  total: Type.Number(),
});
export type Counted = Static<typeof Counted>;

export interface CountsQuery {
  appId: string;
  fromMs: number;
  toMs: number;
  interval: OutcomesQuery["interval"];
  /** The query asks for one row more, so that the caller sees when there are too many. */
  rowsMax: number;
}

const beginOf = {
  minute: "toStartOfMinute(received_at)",
  hour: "toStartOfHour(received_at)",
  day: "toStartOfDay(received_at)",
} as const satisfies Record<OutcomesQuery["interval"], string>;

/**
 * Returns sums by bucket, outcome and reason, from old to new. Warnings have a row without a reason, which
 * counts events.
 */
export function countOutcomes(store: ClickHouse, query: CountsQuery): Promise<Counted[]> {
  const { appId, fromMs, toMs, interval, rowsMax } = query;
  const within = `app_id = {app_id:UUID}
    and received_at >= ${timeParam("from")}
    and received_at < ${timeParam("to")}`;
  return select(
    store,
    Counted,
    `select
      toDateTime64(${beginOf[interval]}, 3, 'UTC') as bucket, outcome, reason,
      toFloat64(sum(\`count\`)) as total
    from (
      select received_at, outcome, reason, \`count\` from outcomes where ${within}
      union all
      select received_at, 'warned', code, \`count\` from warnings where ${within}
      union all
      select received_at, 'warned', '', \`count\` from warned_events where ${within}
    )
    group by bucket, outcome, reason
    order by bucket, outcome, reason
    limit {rows:UInt32}`,
    { app_id: appId, from: fromMs, to: toMs, rows: rowsMax + 1 },
    { rowsMax: rowsMax + 1 },
  );
}
