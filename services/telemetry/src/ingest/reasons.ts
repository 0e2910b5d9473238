import type { OutcomeName } from "@mosis/types/outcomes";
import { droppedCodes, type EventCode } from "@mosis/types/telemetry";
import type { OpenBlocks } from "./blocks.ts";
import type { Delivery, Outcome } from "./delivery.ts";

const isDropped = new Set<EventCode>(droppedCodes);

/**
 * A row for each outcome and reason of a delivery beyond plain acceptance. Call it only for deliveries that
 * have any: the others are in `ingest_batches`, and cost nothing here.
 */
export function pushReasons(
  { outcomes: { columns }, discardReasons }: OpenBlocks,
  { appId, receivedAtMs, deliveryId, clockCorrectionMs, batch: { discarded } }: Delivery,
  { accepted, byCode, results }: Outcome,
): void {
  const push = (outcome: OutcomeName) => (count: number, reason: string) => {
    columns.app_id.push(appId);
    columns.received_at.push(receivedAtMs);
    columns.delivery_id.push(deliveryId);
    columns.outcome.push(outcome);
    columns.reason.push(reason);
    columns.count.push(count);
  };
  byCode?.forEach((count, code) => push(isDropped.has(code) ? "dropped" : "rejected")(count, code));
  const warned = new Map<string, number>();
  for (const { result, code } of results) if (result === "warning") add(warned, code, 1);
  // Told once a batch, and true of all its events.
  if (clockCorrectionMs !== 0 && accepted > 0) warned.set("clock_corrected", accepted);
  warned.forEach(push("warned"));
  if (!discarded) return;
  const reasons = new Map<string, number>();
  for (const { reason, count } of discarded) {
    add(reasons, discardReasons.known(appId, reason, receivedAtMs), count);
  }
  reasons.forEach(push("discarded"));
}

function add(counts: Map<string, number>, reason: string, count: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + count);
}
