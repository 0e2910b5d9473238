import type { ClickHouse } from "@mosis/clickhouse";
import type { Producer } from "@mosis/kafka";
import type { Metrics } from "@mosis/runtime";
import { watchBrokerClock } from "./broker-clock.ts";
import { clockOffset, clockOffsetMsMax } from "./store-clock.ts";

/**
 * The check of a process that knows both Kafka and ClickHouse: ingest knows only Kafka's clock and the writer
 * only ClickHouse's, so each may be right by its own and the two a day apart. Kafka's is known as far as
 * anything was sent, ClickHouse's is asked.
 * @returns a function that throws when two of the three clocks are more than a minute apart.
 */
export function createClockCheck({
  producer,
  store,
  metrics,
  now = Date.now,
}: {
  producer: Pick<Producer, "clockOffsetMs">;
  store: ClickHouse;
  metrics: Metrics;
  /** Default `Date.now`. */
  now?: () => number;
}): () => Promise<void> {
  const checkKafka = watchBrokerClock(producer, metrics);
  const clickhouse = metrics.gauge(
    "clickhouse_clock_offset_seconds",
    "How far our clock is ahead of ClickHouse's.",
  );
  const between = metrics.gauge(
    "kafka_clickhouse_clock_offset_seconds",
    "How far Kafka's clock is ahead of ClickHouse's.",
  );
  return async () => {
    const aheadOfStoreMs = await clockOffset(store, now);
    clickhouse.set(aheadOfStoreMs / 1000);
    checkKafka();
    if (Math.abs(aheadOfStoreMs) > clockOffsetMsMax) {
      throw new Error(`This clock is ${Math.round(aheadOfStoreMs / 1000)} s ahead of ClickHouse's`);
    }
    const aheadOfKafkaMs = producer.clockOffsetMs();
    if (aheadOfKafkaMs === null) return;
    const kafkaAheadMs = aheadOfStoreMs - aheadOfKafkaMs;
    between.set(kafkaAheadMs / 1000);
    if (Math.abs(kafkaAheadMs) <= clockOffsetMsMax) return;
    throw new Error(`Kafka's clock is ${Math.round(kafkaAheadMs / 1000)} s ahead of ClickHouse's`);
  };
}
