import type { OutcomeName } from "@mosis/types/outcomes";
import { droppedCodes } from "@mosis/types/telemetry";
import type { OpenBlocks } from "../blocks/blocks.ts";
import { type Delivery, isCorrected, type Outcome } from "../events/delivery.ts";

/**
 * Appends a row for each outcome and reason of a delivery beyond plain acceptance. Call it only for
 * deliveries that have any: the others are in `ingest_batches`, and cost nothing here.
 */
export function pushReasons(
  { outcomes, discardReasons }: OpenBlocks,
  delivery: Delivery,
  { accepted, byCode, results }: Outcome,
): void {
  const { appId, receivedAtMs, deliveryId, batch } = delivery;
  const { discarded } = batch;
  const push = (outcome: OutcomeName) => (count: number, reason: string) => {
    pushOutcome(outcomes, { appId, receivedAtMs, id: deliveryId, outcome, reason, count });
  };
  byCode?.forEach((count, code) => push(droppedCodes.has(code) ? "dropped" : "rejected")(count, code));
  const warned = new Map<string, number>();
  for (const { result, code } of results) if (result === "warning") add(warned, code, 1);
  // The warning is reported once a batch, and is true of all its events.
  if (isCorrected(delivery) && accepted > 0) warned.set("clock_corrected", accepted);
  warned.forEach(push("warned"));
  if (!discarded) return;
  const reasons = new Map<string, number>();
  for (const { reason, count } of discarded) {
    add(reasons, discardReasons.known(appId, reason, receivedAtMs), count);
  }
  reasons.forEach(push("discarded"));
}

interface OutcomeRow {
  appId: string;
  receivedAtMs: number;
  /**
   * The id of the delivery, or of the count of refused batches: a second copy of a row falls onto the first.
   */
  id: string;
  outcome: OutcomeName;
  reason: string;
  count: number;
}

/** Appends a row of `outcomes_raw`. */
export function pushOutcome({ columns }: OpenBlocks["outcomes"], row: OutcomeRow): void {
  columns.app_id.push(row.appId);
  columns.received_at.push(row.receivedAtMs);
  columns.delivery_id.push(row.id);
  columns.outcome.push(row.outcome);
  columns.reason.push(row.reason);
  columns.count.push(row.count);
}

function add(counts: Map<string, number>, reason: string, count: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + count);
}
