import type { Delivery } from "./delivery.ts";
import type { Flusher } from "./flush.ts";
import { appendDelivery, type Outcome } from "./pipeline.ts";

export const noEvents: Outcome = {
  accepted: 0,
  rejected: 0,
  dropped: 0,
  byCode: null,
  warned: 0,
  results: [],
};

/** All deliveries of one request, in one flush. @returns their sum. */
export function appendAll(flusher: Flusher, deliveries: readonly Delivery[]): Outcome {
  let sum: Outcome | null = null;
  for (const delivery of deliveries) {
    if (sum) flusher.cutIfLarge();
    const outcome = appendDelivery(flusher, delivery);
    if (sum) add(sum, outcome);
    else sum = outcome;
  }
  return sum ?? noEvents;
}

function add(sum: Outcome, outcome: Outcome): void {
  sum.accepted += outcome.accepted;
  sum.rejected += outcome.rejected;
  sum.dropped += outcome.dropped;
  sum.warned += outcome.warned;
  sum.results.push(...outcome.results);
  sum.byCode ??= outcome.byCode;
  if (outcome.byCode === null || sum.byCode === outcome.byCode) return;
  for (const [code, count] of outcome.byCode) sum.byCode?.set(code, (sum.byCode.get(code) ?? 0) + count);
}
