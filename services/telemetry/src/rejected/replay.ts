import type { ClickHouse } from "@mosis/clickhouse";
import { Unavailable } from "@mosis/runtime";
import type { ReplayResult } from "@mosis/types/rejected";
import type { Flusher } from "../ingest/blocks/flush.ts";
import { appendDelivery } from "../ingest/judging/pipeline.ts";
import type { Delivery } from "../ingest/events/delivery.ts";
import { pushOutcome } from "../ingest/books/outcome-rows.ts";
import { attempt, type Replayer } from "./attempt.ts";
import {
  countRejected,
  listRejected,
  positionOf,
  type RejectedFilter,
  type RejectedPosition,
  type RejectedRow,
} from "./queries.ts";

export interface ReplayDeps {
  store: ClickHouse;
  /** Sends the events that are accepted now. */
  flusher: Flusher;
  /** Sends nothing: every event is tried with it first. */
  dryRunFlusher: Flusher;
}

export interface ReplayOrder extends Replayer {
  filter: RejectedFilter;
  eventsMax: number;
  dryRun: boolean;
}

export interface ReplayReport {
  accepted: number;
  refusals: ReplayResult[];
  /** The number of matching events after the last one. */
  remaining: number;
  /** The position of the last event; null when there was none. */
  last: RejectedPosition | null;
}

/** The number of events, of at most 32 KiB each, that are in memory at a time. */
const rowsPerStep = 100;

/**
 * Runs rejected events through the pipeline of ingest once more, from old to new, in these steps: 1 read; 2
 * try each; 3 append the accepted ones, with their marks, and wait for all in-sync replicas. After a crash or
 * a failure of step 3 some events are taken and others are not, and so are their marks: call it again.
 * @throws Unavailable when ClickHouse or Kafka does not answer.
 */
export async function replayRejected(
  { store, flusher, dryRunFlusher }: ReplayDeps,
  order: ReplayOrder,
): Promise<ReplayReport> {
  const report: ReplayReport = { accepted: 0, refusals: [], remaining: 0, last: null };
  const filter = () => ({ ...order.filter, behind: report.last ?? order.filter.behind });
  for (let left = order.eventsMax; left > 0;) {
    const rows = await listRejected(store, filter(), {
      order: "from old to new",
      rows: Math.min(left, rowsPerStep),
    });
    const stored: Promise<void>[] = [];
    for (const row of rows) {
      const attempted = attempt(dryRunFlusher, row, order);
      if ("refusal" in attempted) report.refusals.push(attempted.refusal);
      else if (!order.dryRun) stored.push(append(flusher, row, attempted.delivery));
      if ("delivery" in attempted) report.accepted++;
    }
    await Promise.all(stored);
    const last = rows.at(-1);
    if (last) report.last = positionOf(last);
    if (rows.length < rowsPerStep) break;
    left -= rows.length;
  }
  if (report.last) report.remaining = await countRejected(store, filter());
  return report;
}

/** The event, its delivery, its rows of the books and its mark go into one flush. */
function append(flusher: Flusher, row: RejectedRow, delivery: Delivery): Promise<void> {
  const { blocks } = flusher;
  const { appId, receivedAtMs, deliveryId, keyId } = delivery;
  try {
    appendDelivery(flusher, delivery);
  } catch (error) {
    // Columns may be of different length now, so everybody who shares them has to try again.
    flusher.abandon(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
  const outcome = { outcome: "replayed", reason: row.code, count: 1 } as const;
  pushOutcome(blocks.outcomes, { appId, receivedAtMs, id: deliveryId, ...outcome });
  const { columns: replayed } = blocks.replayed;
  replayed.app_id.push(appId);
  replayed.received_at.push(receivedAtMs);
  replayed.delivery_id.push(row.delivery_id);
  replayed.index.push(row.index);
  replayed.replayed_at.push(Date.now());
  replayed.key_id.push(keyId);
  return new Promise((resolve, reject) => {
    flusher.commit((failure) => {
      if (!failure) return resolve();
      reject(new Unavailable("The events could not be stored. Replay them again.", { cause: failure }));
    });
  });
}
