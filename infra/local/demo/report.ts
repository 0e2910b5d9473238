import Type from "typebox";
import type { App } from "@mosis/types/apps";
import type { ClickHouse } from "@mosis/clickhouse";
import { patientSelect } from "./patience.ts";
import type { DemoAccount } from "./account.ts";
import type { Books } from "./books.ts";
import { percentile } from "./freshness.ts";
import type { Ledger } from "./ledger.ts";
import { table } from "./table.ts";

/** The number of days that are shown by date; older ones are summed up. */
const daysShown = 8;

export async function printEventsByDay(store: ClickHouse, apps: readonly App[]): Promise<void> {
  const rows = await patientSelect(
    store,
    Type.Object({ app_id: Type.String(), day: Type.String(), count: Type.Number() }),
    `SELECT app_id, toString(toDate(event_time)) AS day, toUInt32(count()) AS count
     FROM events WHERE app_id IN {apps:Array(UUID)} GROUP BY app_id, day`,
    { apps: apps.map((app) => app.id) },
  );
  const days = [...new Set(rows.map((row) => row.day))].toSorted().toReversed();
  const shown = days.slice(0, daysShown).toReversed();
  const countOf = (id: string, isCounted: (day: string) => boolean) =>
    rows
      .filter((row) => row.app_id === id && isCounted(row.day))
      .reduce((total, row) => total + row.count, 0);
  const lines = apps
    .map((app) => [
      app.package_id,
      countOf(app.id, (day) => !shown.includes(day)),
      ...shown.map((day) => countOf(app.id, (other) => other === day)),
      countOf(app.id, () => true),
    ])
    .toSorted((a, b) => Number(b.at(-1)) - Number(a.at(-1)));
  console.log("Events by app and day (mosis.events)");
  console.log(`${table(["app", "older", ...shown.map((day) => day.slice(5)), "all"], lines)}\n`);
}

export async function printAudit(store: ClickHouse, { developerId }: DemoAccount): Promise<void> {
  const rows = await patientSelect(
    store,
    Type.Object({ action: Type.String(), count: Type.Number(), first: Type.String(), last: Type.String() }),
    `SELECT action, toUInt32(count()) AS count,
            toString(min(occurred_at)) AS first, toString(max(occurred_at)) AS last
     FROM audit_events WHERE developer_id = {developer:UUID} GROUP BY action ORDER BY first`,
    { developer: developerId },
  );
  console.log("What this run did in the catalog (mosis.audit_events)");
  const lines = rows.map(({ action, count, first, last }) => [action, count, first, last]);
  console.log(`${table(["action", "count", "first", "last"], lines)}\n`);
}

export function printAttempts({ attempts, latencies }: Ledger, seconds: number): void {
  const { sent, postponed, unknown } = attempts;
  const fate = `${postponed} put off by the server, ${unknown} cut off without an answer and repeated`;
  console.log(`Requests: ${sent.toLocaleString("en")} in ${seconds.toFixed(1)} s; ${fate}.`);
  console.log(
    `Acknowledged after: p50 ${ms(percentile(latencies, 0.5))}, p99 ${ms(percentile(latencies, 0.99))}.`,
  );
}

export function printFreshness(measured: readonly number[]): void {
  const p = (share: number) => ms(percentile(measured, share));
  const verdict = percentile(measured, 0.95) <= 5_000 ? "within" : "beyond";
  const line = `p50 ${p(0.5)}, p95 ${p(0.95)}, worst ${p(1)} of ${measured.length} looked at`;
  console.log(`Freshness (acknowledged → seen in SQL): ${line}; ${verdict} the promise of p95 ≤ 5 s.\n`);
}

export function printBooks({ lines, faults, untoldDeliveries }: Books, acknowledged: number): void {
  console.log(`The books, of ${acknowledged.toLocaleString("en")} acknowledged deliveries`);
  const rows = lines.map(({ fact, sender, clickhouse }) => [
    fact,
    sender,
    clickhouse,
    sender === clickhouse ? "same" : "DIFFERENT",
  ]);
  console.log(table(["", "sender knows", "ClickHouse holds", ""], rows));
  if (untoldDeliveries > 0) {
    console.log(`  (with ${untoldDeliveries} deliveries that arrived although the sender got no answer)`);
  }
  for (const fault of faults) console.log(`  FAULT: ${fault}`);
  console.log(faults.length === 0 ? "\nThe books balance." : "");
}

function ms(value: number): string {
  return value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${value.toFixed(0)} ms`;
}
