import { createHash } from "node:crypto";
import { insertJson } from "@mosis/clickhouse";
import type { LostRecords, OnLost } from "@mosis/kafka";
import type { Logger } from "@mosis/runtime";
import { noUuid } from "@mosis/types/telemetry-row";
import { type Topic, topics } from "@mosis/types/topics";
import type { StoreDeps } from "./insert.ts";

/** The topics whose rows the books count. */
const inTheBooks: ReadonlySet<Topic> = new Set([topics.events, topics.rejected]);

/**
 * Handles records that are no longer in Kafka and were never stored: counts and logs them, and writes into
 * the books which they were, before the offset passes them. Nobody knows whose events were in them, or how
 * many: the row belongs to no app, and counts records.
 */
export function createOnLost(deps: Pick<StoreDeps, "store" | "retry" | "metrics"> & { log: Logger }): OnLost {
  const { store, retry, metrics, log } = deps;
  return async (lost, isStale) => {
    const { topic, partition, from, to } = lost;
    // Compaction removes what a later state has replaced: that is not a loss.
    if (topic === topics.apps) return;
    const records = Number(to - from);
    log.error(
      { topic, partition, records, offset: String(from), next: String(to) },
      `${records} records of ${topic} were deleted by Kafka's retention before they were stored`,
    );
    if (inTheBooks.has(topic)) {
      const rows = [rowOf(lost)];
      await retry(
        "Recording a loss in the books",
        () => insertJson(store, { table: "outcomes_raw", rows }),
        isStale,
      );
    }
    metrics.lost(topic, records);
  };
}

/** Returns the same row for the same loss, so that it is one row however often it is found. */
function rowOf({ topic, partition, from, to, beforeMs }: LostRecords) {
  return {
    app_id: noUuid,
    received_at: new Date(beforeMs).toISOString(),
    delivery_id: uuidOf(`${topic} ${partition} ${from}`),
    outcome: "lost",
    reason: `${topic} ${partition} ${from}-${to - 1n}`,
    count: Number(to - from),
  };
}

function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}
