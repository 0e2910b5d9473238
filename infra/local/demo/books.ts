// Compares the same facts from both sides: the answers that the sender got, and the rows of ClickHouse.
import type { Static } from "typebox";
import Type from "typebox";
import type { ClickHouse } from "@mosis/clickhouse";
import { patientSelect } from "./patience.ts";
import { type Ledger, sum } from "./ledger.ts";

/** One line of the books: a fact, and both sides of it. */
interface BookLine {
  fact: string;
  sender: number;
  clickhouse: number;
}

export interface Books {
  lines: BookLine[];
  /** The differences, in words; empty when the books balance. */
  faults: string[];
  /**
   * Deliveries that ClickHouse has and that no sender saw acknowledged: attempts that were cut off after they
   * had arrived.
   */
  untoldDeliveries: number;
}

const Delivered = Type.Object({
  batch_id: Type.String(),
  deliveries: Type.Number(),
  accepted: Type.Number(),
  rejected: Type.Number(),
});
type Delivered = Static<typeof Delivered>;

const inApps = "app_id IN {apps:Array(UUID)}";

/** Selects the deliveries of each batch id that ClickHouse has a record of. */
export function selectDeliveries(store: ClickHouse, apps: readonly string[]): Promise<Delivered[]> {
  return patientSelect(
    store,
    Delivered,
    `SELECT batch_id, toUInt32(count()) AS deliveries,
            toUInt32(sum(accepted)) AS accepted, toUInt32(sum(rejected)) AS rejected
     FROM ingest_batches WHERE ${inApps} GROUP BY batch_id`,
    { apps },
    // A chaos run of ten minutes has ten thousand batches.
    { rowsMax: 500_000 },
  );
}

/** Returns the batch ids that were acknowledged more often than ClickHouse has seen them so far. */
export function missingBatches(ledger: Ledger, delivered: readonly Delivered[]): string[] {
  const deliveries = new Map(delivered.map((row) => [row.batch_id, row.deliveries]));
  return [...ledger.entries.values()]
    .filter((entry) => (deliveries.get(entry.batchId) ?? 0) < entry.acknowledged)
    .map((entry) => entry.batchId);
}

export async function balance(store: ClickHouse, apps: readonly string[], ledger: Ledger): Promise<Books> {
  const faults = ledger.surprises.slice(0, 5);
  const delivered = await selectDeliveries(store, apps);
  const untoldDeliveries = compareDeliveries(ledger, delivered, faults);
  const stored = await compareStored(store, apps, ledger, faults);
  const rejectedRows = await compareRejected(store, apps, ledger, faults);

  const entries = [...ledger.entries.values()];
  const deliveriesOf = new Map(delivered.map((row) => [row.batch_id, row.deliveries]));
  // An attempt that was cut off after it had arrived is a delivery, too; here the sender learns of it.
  const times = (entry: { batchId: string; acknowledged: number }) =>
    Math.max(entry.acknowledged, deliveriesOf.get(entry.batchId) ?? 0);
  const known = {
    accepted: sum(entries.map((entry) => entry.accepted * times(entry))),
    rejected: sum(entries.map((entry) => entry.rejected * times(entry))),
    distinct: sum(ledger.distinct.values()),
  };
  const held = await selectOutcomes(store, apps);
  const lines: BookLine[] = [
    { fact: "sent", sender: known.accepted + known.rejected, clickhouse: held.received },
    { fact: "= accepted", sender: known.accepted, clickhouse: held.accepted },
    { fact: "+ rejected", sender: known.rejected, clickhouse: held.rejected },
    { fact: "accepted", sender: known.accepted, clickhouse: held.accepted },
    { fact: "= stored", sender: known.distinct, clickhouse: stored },
    { fact: "+ duplicates", sender: known.accepted - known.distinct, clickhouse: held.accepted - stored },
    ...rejectedRows,
  ];
  for (const { fact, sender, clickhouse } of lines) {
    if (sender !== clickhouse) faults.push(`${fact}: the sender knows ${sender}, ClickHouse ${clickhouse}`);
  }
  return { lines, faults, untoldDeliveries };
}

/** Selects what happened to every event that arrived, according to ClickHouse. */
async function selectOutcomes(store: ClickHouse, apps: readonly string[]) {
  const rows = await patientSelect(
    store,
    Type.Object({ received: Type.Number(), accepted: Type.Number(), rejected: Type.Number() }),
    `SELECT toUInt32(sum(outcomes.received)) AS received,
            toUInt32(sumIf(count, outcome = 'accepted')) AS accepted,
            toUInt32(sumIf(count, outcome = 'rejected')) AS rejected
     FROM outcomes WHERE ${inApps}`,
    { apps },
  );
  return rows[0] ?? { received: 0, accepted: 0, rejected: 0 };
}

/**
 * Compares every batch: it must appear as often as it was acknowledged (or cut off), each time with the
 * promised counts.
 */
function compareDeliveries(ledger: Ledger, delivered: readonly Delivered[], faults: string[]): number {
  let untold = 0;
  for (const row of delivered) {
    const entry = ledger.entries.get(row.batch_id);
    if (!entry) {
      faults.push(`batch ${row.batch_id} is in ClickHouse and was never acknowledged`);
      continue;
    }
    const extra = row.deliveries - entry.acknowledged;
    if (extra > entry.unknown) {
      faults.push(
        `batch ${row.batch_id}: ${row.deliveries} deliveries, ` +
          `at most ${row.deliveries - extra + entry.unknown} sent`,
      );
    }
    if (
      row.accepted !== entry.accepted * row.deliveries ||
      row.rejected !== entry.rejected * row.deliveries
    ) {
      faults.push(`batch ${row.batch_id}: wrong counts (${row.accepted} accepted, ${row.rejected} rejected)`);
    }
    untold += Math.max(0, extra);
  }
  const missing = missingBatches(ledger, delivered);
  if (missing.length > 0)
    faults.push(`${missing.length} acknowledged batches are not in ClickHouse, e.g. ${missing[0]}`);
  return untold;
}

/**
 * Compares the rows of `events` by app and name with the valid events that were acknowledged. Returns the
 * number of all rows.
 */
async function compareStored(
  store: ClickHouse,
  apps: readonly string[],
  ledger: Ledger,
  faults: string[],
): Promise<number> {
  const rows = await patientSelect(
    store,
    Type.Object({ app_id: Type.String(), name: Type.String(), count: Type.Number() }),
    `SELECT app_id, name, toUInt32(count()) AS count
     FROM events WHERE ${inApps} GROUP BY app_id, name`,
    { apps },
  );
  const indexes = new Map(apps.map((id, index) => [id, index]));
  const stored = new Map(rows.map((row) => [`${indexes.get(row.app_id)} ${row.name}`, row.count]));
  const wrong = [...new Set([...stored.keys(), ...ledger.distinct.keys()])].filter(
    (key) => stored.get(key) !== ledger.distinct.get(key),
  );
  if (wrong.length > 0) {
    const [first = ""] = wrong;
    const counts = `${stored.get(first) ?? 0} stored, ${ledger.distinct.get(first) ?? 0} acknowledged`;
    faults.push(`${wrong.length} pairs of app and event name differ, e.g. app ${first}: ${counts}`);
  }
  return sum(stored.values());
}

/**
 * Compares the refused events by code. Each event of a batch counts once, however often the batch was
 * delivered.
 */
async function compareRejected(
  store: ClickHouse,
  apps: readonly string[],
  ledger: Ledger,
  faults: string[],
): Promise<BookLine[]> {
  const rows = await patientSelect(
    store,
    Type.Object({ code: Type.String(), count: Type.Number() }),
    `SELECT code, toUInt32(uniqExact(batch_id, index)) AS count
     FROM rejected_events WHERE ${inApps} GROUP BY code ORDER BY code`,
    { apps },
  );
  const held = new Map(rows.map((row) => [row.code, row.count]));
  for (const code of held.keys()) {
    if (!ledger.refused.has(code))
      faults.push(`${code}: rejected by the platform, not planned by the sender`);
  }
  return [...ledger.refused]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, sender]) => ({ fact: `rejected: ${code}`, sender, clickhouse: held.get(code) ?? 0 }));
}
