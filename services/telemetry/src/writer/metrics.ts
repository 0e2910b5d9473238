import type { Consumer, IncomingRecord } from "@mosis/kafka";
import type { Logger, Metrics } from "@mosis/runtime";
import { type Topic, topics } from "@mosis/types/topics";
import type { Held } from "./held.ts";

/** The metrics of the writer. */
export interface WriterMetrics {
  /**
   * Runs an insert and counts its time and, when it worked, its rows.
   * @param rows null to count them as ClickHouse does.
   */
  inserting<T extends { rows: number }>(
    table: string,
    rows: number | null,
    work: () => Promise<T>,
  ): Promise<T>;
  deadLetter: (topic: Topic, code: string) => void;
  /** Counts records that Kafka has deleted before they were stored. */
  lost: (topic: Topic, records: number) => void;
  /** Sets how far our clock is ahead of ClickHouse's. */
  clock: (offsetMs: number) => void;
  /** Counts records whose rows a query sees now. */
  fresh(records: readonly IncomingRecord[]): void;
}

const insertBucketsS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const freshnessBucketsS = [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600];

export function createWriterMetrics(metrics: Metrics, held: Held): WriterMetrics {
  const rowsStored = metrics.counter("writer_rows_stored_total", "Rows written, duplicates among them.", [
    "table",
  ]);
  const seconds = metrics.histogram("writer_insert_seconds", "Duration of one insert.", insertBucketsS, [
    "table",
    "result",
  ]);
  const deadLetters = metrics.counter("writer_dead_letters_total", "Records set aside.", ["topic", "code"]);
  const freshness = metrics.histogram(
    "writer_freshness_seconds",
    "From when ingest sent a record of events until a query sees its rows.",
    freshnessBucketsS,
  );
  const lost = metrics.counter(
    "writer_records_lost_total",
    "Records that Kafka deleted before they were stored.",
    ["topic"],
  );
  for (const topic of [topics.events, topics.rejected, topics.audit]) lost.inc({ topic }, 0);
  const clock = metrics.gauge(
    "clickhouse_clock_offset_seconds",
    "How far our clock is ahead of ClickHouse's.",
  );
  metrics.level("writer_oldest_record_seconds", "Age of the oldest record that is being stored.", () =>
    held.oldestSeconds(),
  );
  return {
    lost: (topic, records) => lost.inc({ topic }, records),
    clock: (offsetMs) => clock.set(offsetMs / 1000),
    async inserting(table, rows, work) {
      const startedMs = performance.now();
      const observe = (result: string) =>
        seconds.observe({ table, result }, (performance.now() - startedMs) / 1000);
      try {
        const written = await work();
        observe("stored");
        rowsStored.inc({ table }, rows ?? written.rows);
        return written;
      } catch (error) {
        observe("failed");
        throw error;
      }
    },
    deadLetter: (topic, code) => deadLetters.inc({ topic, code }),
    fresh(records) {
      const nowMs = Date.now();
      for (const { timestamp } of records) freshness.observe(Math.max(0, nowMs - timestamp) / 1000);
    },
  };
}

/** Asks the broker regularly how far the group is behind. */
export function watchLag({
  consumer,
  metrics,
  log,
  intervalMs,
}: {
  consumer: Pick<Consumer, "lag">;
  metrics: Metrics;
  log: Logger;
  intervalMs: number;
}): { stop(): void } {
  const gauge = metrics.gauge("writer_lag_records", "Records that are not stored yet.", [
    "topic",
    "partition",
  ]);
  const look = async () => {
    for (const { topic, partition, records } of await consumer.lag()) {
      gauge.set({ topic, partition: String(partition) }, records);
    }
  };
  const timer = setInterval(() => {
    // The last known lag stays: an alert on it must not disappear because Kafka is away.
    look().catch((error: unknown) => log.debug({ err: error }, "The lag cannot be read"));
  }, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
