import { type ClickHouse, select } from "@mosis/clickhouse";
import type { Producer } from "@mosis/kafka";
import type { Metrics } from "@mosis/runtime";
import Type from "typebox";

/** Clocks that are further apart than this are wrong, and not only read one after the other. */
export const clockOffsetMsMax = 60_000;

/**
 * The check of a process that knows both Kafka and ClickHouse. Ingest knows only Kafka's clock and the writer
 * only ClickHouse's, so each may be right by its own while the two are a day apart. Kafka's clock is known
 * once something was sent; ClickHouse is asked for its own.
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
    const aheadOfStoreMs = await storeClockOffset(store, now);
    clickhouse.set(aheadOfStoreMs / 1000);
    checkKafka();
    requireStoreClock(aheadOfStoreMs);
    const aheadOfKafkaMs = producer.clockOffsetMs();
    if (aheadOfKafkaMs === null) return;
    const kafkaAheadMs = aheadOfStoreMs - aheadOfKafkaMs;
    between.set(kafkaAheadMs / 1000);
    if (Math.abs(kafkaAheadMs) <= clockOffsetMsMax) return;
    throw new Error(`Kafka's clock is ${Math.round(kafkaAheadMs / 1000)} s ahead of ClickHouse's`);
  };
}

/**
 * Watches the clock of the broker: the time of every event is taken from the clock of ingest.
 * @returns a check that throws when the clocks differ. It passes while nothing was sent yet.
 */
export function watchBrokerClock(producer: Pick<Producer, "clockOffsetMs">, metrics: Metrics): () => void {
  const offsetMs = () => producer.clockOffsetMs() ?? 0;
  metrics.level(
    "kafka_clock_offset_seconds",
    "How far our clock is ahead of Kafka's.",
    () => offsetMs() / 1000,
  );
  return () => {
    if (Math.abs(offsetMs()) <= clockOffsetMsMax) return;
    throw new Error(`This clock is ${Math.round(offsetMs() / 1000)} s ahead of Kafka's`);
  };
}

const ClockRow = Type.Object({ now_ms: Type.String() });

/**
 * Returns how many milliseconds our clock is ahead of ClickHouse's; 0 when the server's time lies between the
 * question and its answer.
 */
export async function storeClockOffset(store: ClickHouse, now: () => number): Promise<number> {
  const askedMs = now();
  const rows = await select(store, ClockRow, "select toUnixTimestamp64Milli(now64(3)) as now_ms", {});
  const [serverMs, answeredMs] = [Number(rows[0]?.now_ms), now()];
  if (serverMs < askedMs) return askedMs - serverMs;
  return serverMs > answeredMs ? answeredMs - serverMs : 0;
}

/** @throws Error when our clock and ClickHouse's are more than a minute apart. */
export function requireStoreClock(offsetMs: number): void {
  if (Math.abs(offsetMs) <= clockOffsetMsMax) return;
  throw new Error(`This clock is ${Math.round(offsetMs / 1000)} s ahead of ClickHouse's`);
}
