import type { OutcomeName } from "@mosis/types/outcomes";
import type { EventResult } from "@mosis/types/telemetry";
import type { OpenBlocks } from "./blocks.ts";
import type { Delivery } from "./delivery.ts";

/**
 * A row for each outcome and reason of a delivery beyond plain acceptance. Call it only for deliveries that
 * have any: the others are in `ingest_batches`, and cost nothing here.
 */
export function pushReasons(
  { outcomes: { columns }, discardReasons }: OpenBlocks,
  { appId, receivedAtMs, deliveryId, clockCorrectionMs, batch: { discarded } }: Delivery,
  { accepted, results }: { accepted: number; results: readonly EventResult[] },
): void {
  const push = (outcome: OutcomeName) => (count: number, reason: string) => {
    columns.app_id.push(appId);
    columns.received_at.push(receivedAtMs);
    columns.delivery_id.push(deliveryId);
    columns.outcome.push(outcome);
    columns.reason.push(reason);
    columns.count.push(count);
  };
  const rejected = new Map<string, number>();
  const warned = new Map<string, number>();
  for (const { result, code } of results) add(result === "warning" ? warned : rejected, code, 1);
  // Told once a batch, and true of all its events.
  if (clockCorrectionMs !== 0 && accepted > 0) warned.set("clock_corrected", accepted);
  rejected.forEach(push("rejected"));
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
