import type { Consumer, IncomingRecord } from "@mosis/kafka";
import type { Logger, Metrics } from "@mosis/runtime";
import type { Topic } from "@mosis/types/topics";

/** What the writer counts. */
export interface WriterMetrics {
  /**
   * Runs an insert and counts its time and, when it worked, its rows. @param rows null: as ClickHouse
   * counts them.
   */
  inserting<T extends { rows: number }>(
    table: string,
    rows: number | null,
    work: () => Promise<T>,
  ): Promise<T>;
  deadLetter: (topic: Topic, code: string) => void;
  /** Records whose rows a query sees now. */
  fresh(records: readonly IncomingRecord[]): void;
}

const insertBucketsS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const freshnessBucketsS = [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600];

export function createWriterMetrics(metrics: Metrics): WriterMetrics {
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
  return {
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

/** Asks the broker now and then how far the group is behind. */
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
    // The last known lag stays: an alert on it must not go quiet because Kafka is away.
    look().catch((error: unknown) => log.debug({ err: error }, "The lag cannot be read"));
  }, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
