import { setTimeout as sleep } from "node:timers/promises";
import type { ClickHouse } from "@mosis/clickhouse";
import { type KafkaConfig, type LagReader, openLagReader } from "@mosis/kafka";
import { topics } from "@mosis/types/topics";
import { missingBatches, selectDeliveries } from "../demo/books.ts";
import type { Ledger } from "../demo/ledger.ts";
import { UserError } from "../endpoints.ts";

/** The time after which an event counts as lost, once nothing is left to read. */
const quietMs = 5000;
const deadlineMs = 180_000;

/**
 * Waits until the writer has read everything and every acknowledged delivery is stored, or until it is clear
 * that some never will be: then the comparison counts them.
 * @throws UserError when the writer is still behind after three minutes.
 */
export async function untilSettled(options: {
  kafka: KafkaConfig;
  store: ClickHouse;
  appIds: readonly string[];
  ledger: Ledger;
}): Promise<void> {
  const { kafka, store, appIds, ledger } = options;
  const reader = openLagReader(kafka, {
    group: "telemetry-writer",
    topics: [topics.events, topics.rejected, topics.apps],
    deadlineMs: 15_000,
  });
  const giveUpAt = performance.now() + deadlineMs;
  let last = { missing: -1, sinceMs: performance.now() };
  try {
    for (;;) {
      const behind = await lagOf(reader);
      const missing = missingBatches(ledger, await selectDeliveries(store, appIds)).length;
      if (behind === 0 && missing === 0) return;
      if (behind > 0 || missing !== last.missing) last = { missing, sinceMs: performance.now() };
      if (performance.now() - last.sinceMs > quietMs) return;
      if (performance.now() > giveUpAt) {
        throw new UserError(`The writer is ${behind} records behind after ${deadlineMs / 1000} s.`);
      }
      await sleep(250);
    }
  } finally {
    await reader.close();
  }
}

/**
 * Returns the number of records that are not committed. While Kafka does not answer, the writer counts as
 * behind.
 */
async function lagOf(reader: LagReader): Promise<number> {
  try {
    return (await reader.read()).reduce((total, { records }) => total + records, 0);
  } catch (error) {
    console.log(`  The lag cannot be read yet: ${String(error)}`);
    return Number.MAX_SAFE_INTEGER;
  }
}
