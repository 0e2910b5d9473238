// Gives every valid event a number of its own, so that ClickHouse can be asked for each of them.
import { type PlannedBatch, planTraffic, type TrafficOptions } from "../demo/traffic.ts";

/** The numbers of a batch's valid events: `count` numbers from `first` on. */
export interface NumberedBatch {
  batchId: string;
  app: number;
  first: number;
  count: number;
}

/** The property that contains the number. */
export const numberProperty = "chaos_number";

/**
 * Returns the demo's traffic with numbers, until the plan or the run ends.
 * @param onPlanned is called with every batch before it is sent.
 */
export function* numberedTraffic(
  options: TrafficOptions & { isOver: () => boolean; onPlanned: (batch: NumberedBatch) => void },
): Generator<PlannedBatch> {
  let next = 0;
  for (const batch of planTraffic(options)) {
    if (options.isOver()) return;
    const { batchId, app, events, refused } = batch;
    const first = next;
    for (const [position, event] of events.entries()) {
      if (refused.has(position)) continue;
      (event as { properties: Record<string, unknown> }).properties[numberProperty] = next++;
    }
    options.onPlanned({ batchId, app, first, count: next - first });
    yield batch;
  }
}
