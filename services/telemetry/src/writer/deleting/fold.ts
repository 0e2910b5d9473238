import { select } from "@mosis/clickhouse";
import Type from "typebox";
import type { DeletingDeps } from "./delete-rows.ts";
import { judgeSweep, requireClock, type SweepLimits } from "./sweep-guard.ts";

export interface FoldOptions {
  /** The writer's clock, milliseconds since 1970. */
  now: () => number;
  limits: SweepLimits;
  /** A month is summed up when all of it is older than this many days. */
  deliveriesKeptDays: number;
}

const folded = ["ingest_batches_raw", "outcomes_raw"] as const;

/**
 * Sums up the deliveries and outcomes of old months by app, day, outcome and reason, and deletes them. The
 * books stay the same whenever it is killed: 1 the sums are written; their rows fall onto themselves when
 * they are written again; 2 they are compared with the deliveries; 3 the row of `folded_months_raw` is
 * written, from which on every view reads the sums; 4 the partitions are dropped. The rest of a month that
 * has its row is dropped, too.
 * @returns how many months were summed up.
 * @throws SweepRefused when it would do more than it may.
 */
export async function foldDeliveries(deps: DeletingDeps, options: FoldOptions): Promise<number> {
  const { store, isStale } = deps;
  const keptFrom = new Date(options.now() - options.deliveriesKeptDays * 86_400_000);
  const monthKept = keptFrom.getUTCFullYear() * 100 + keptFrom.getUTCMonth() + 1;
  const months = (await listMonths(deps)).filter(({ month }) => month < monthKept);
  if (months.length === 0) return 0;
  await requireClock(store, options.now);
  await judge(deps, monthKept, options);
  let count = 0;
  for (const { month, is_folded } of months) {
    if (isStale()) break;
    if (is_folded === 0) {
      await store.command(`insert into outcome_days_raw ${sumsOfMonth}`, { month });
      await requireSame(deps, month);
      if (isStale()) break;
      const marked = "insert into folded_months_raw select {month:UInt32}, now64(3)";
      await store.command(marked, { month });
      count++;
    }
    for (const table of folded) {
      await store.command(`alter table ${table} drop partition id {partition:String}`, {
        partition: String(month),
      });
    }
  }
  return count;
}

const sumsOfMonth = `
  select app_id, toDate(received_at) as day, outcome, reason, sum(counted) as \`count\`
  from (
    select app_id, received_at, 'accepted' as outcome, '' as reason, toUInt64(accepted) as counted
    from ingest_batches_raw final where accepted > 0 and toYYYYMM(received_at) = {month:UInt32}
    union all
    select app_id, received_at, 'warned', '', toUInt64(warned)
    from ingest_batches_raw final where warned > 0 and toYYYYMM(received_at) = {month:UInt32}
    union all
    select app_id, received_at, toString(outcome), toString(reason), \`count\`
    from outcomes_raw final where toYYYYMM(received_at) = {month:UInt32}
  )
  group by app_id, day, outcome, reason`;

const MonthRow = Type.Object({ month: Type.Integer(), is_folded: Type.Integer() });

async function listMonths({ store }: DeletingDeps) {
  return select(
    store,
    MonthRow,
    `select distinct toUInt32(partition_id) as month,
      toUInt8(month in (select month from folded_months_raw)) as is_folded
    from system.parts
    where database = currentDatabase() and table in {tables:Array(String)} and active order by month`,
    { tables: folded },
  );
}

const FoundRow = Type.Object({
  rows: Type.String(),
  expired: Type.String(),
  newest_received: Type.String(),
});

/** The same guard applies as for events: a wrong clock must not sum up data that people still use. */
async function judge(
  { store }: DeletingDeps,
  monthKept: number,
  { now, limits }: FoldOptions,
): Promise<void> {
  const [found] = await select(
    store,
    FoundRow,
    `select count() as rows, countIf(toYYYYMM(received_at) < {kept:UInt32}) as expired,
      max(toUnixTimestamp64Milli(received_at)) as newest_received
    from ingest_batches_raw`,
    { kept: monthKept },
  );
  const { rows = "0", expired = "0", newest_received = "0" } = found ?? {};
  const counted = { rows: Number(rows), expired: Number(expired), newestReceivedMs: Number(newest_received) };
  judgeSweep(counted, now(), limits);
}

const DifferenceRow = Type.Object({ differences: Type.String() });

/**
 * Compares the sums with the deliveries.
 * @throws Error when a stored sum differs from the deliveries: then they stay.
 */
async function requireSame({ store }: DeletingDeps, month: number): Promise<void> {
  const [row] = await select(
    store,
    DifferenceRow,
    `select count() as differences
    from (
      select app_id, day, outcome, reason, sum(signed) as difference
      from (
        select app_id, day, outcome, reason, toInt64(\`count\`) as signed from (${sumsOfMonth})
        union all
        select app_id, day, toString(outcome), toString(reason), -toInt64(\`count\`)
        from outcome_days_raw final where toYYYYMM(day) = {month:UInt32}
      )
      group by app_id, day, outcome, reason having difference <> 0
    )`,
    { month },
  );
  if (row?.differences === "0") return;
  throw new Error(`${row?.differences} sums of ${month} differ from its deliveries, which stay.`);
}
