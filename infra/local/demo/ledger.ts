// The sender's own books: the answers that it got, kept apart from anything that the platform stores.
import type { BatchAccepted } from "@mosis/types/telemetry";
import type { PlannedBatch } from "./traffic.ts";

/** One batch id as its sender knows it. */
interface LedgerEntry {
  batchId: string;
  app: number;
  /** Valid and refused events of one delivery. */
  accepted: number;
  rejected: number;
  /** Deliveries answered with 202. */
  acknowledged: number;
  /** Attempts without a clear answer: the platform may have taken the batch or not. */
  unknown: number;
}

export interface Ledger {
  /** Every batch id that was acknowledged at least once. */
  entries: Map<string, LedgerEntry>;
  /** Acknowledged valid events, each once, by app and name. */
  distinct: Map<string, number>;
  /** Refused events of all acknowledged batch ids by code, each once. */
  refused: Map<string, number>;
  /** Answers that were not what the contract promises. Must stay empty. */
  surprises: string[];
  attempts: { sent: number; postponed: number; unknown: number };
  /** Milliseconds from sending to acknowledgement. */
  latencies: number[];
}

export function createLedger(): Ledger {
  return {
    entries: new Map(),
    distinct: new Map(),
    refused: new Map(),
    surprises: [],
    attempts: { sent: 0, postponed: 0, unknown: 0 },
    latencies: [],
  };
}

/** Records a 202 and compares it with the plan. */
export function acknowledge(
  ledger: Ledger,
  batch: PlannedBatch,
  answer: BatchAccepted,
  unknown: number,
): void {
  const { batchId, app, refused, validNames } = batch;
  let entry = ledger.entries.get(batchId);
  if (!entry) {
    const counts = { accepted: validNames.length, rejected: refused.size };
    entry = { batchId, app, ...counts, acknowledged: 0, unknown: 0 };
    ledger.entries.set(batchId, entry);
    for (const code of refused.values()) add(ledger.refused, code, 1);
  }
  entry.acknowledged++;
  entry.unknown += unknown;

  const difference = compare(batch, answer);
  if (difference !== null) ledger.surprises.push(`batch ${batchId}: ${difference}`);
}

/** Counts the events of a batch as new; not called for its encores. */
export function countDistinct(ledger: Ledger, { app, validNames }: PlannedBatch): void {
  for (const name of validNames) add(ledger.distinct, `${app} ${name}`, 1);
}

function add<K>(counts: Map<K, number>, key: K, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function compare(batch: PlannedBatch, answer: BatchAccepted): string | null {
  if (answer.batch_id !== batch.batchId) return `answered as batch ${answer.batch_id}`;
  if (answer.accepted !== batch.validNames.length || answer.rejected !== batch.refused.size) {
    const planned = `${batch.validNames.length} accepted and ${batch.refused.size} rejected`;
    return `${planned} expected, ${answer.accepted} and ${answer.rejected} answered`;
  }
  for (const { index, result, code } of answer.results) {
    if (result === "warning") continue;
    const expected = batch.refused.get(index) ?? "to be accepted";
    if (code !== expected) return `event ${index} was expected ${expected}, answered ${result} ${code}`;
  }
  return null;
}
