import type { Producer } from "@mosis/kafka";
import type { Metrics } from "@mosis/runtime";

/** Clocks further apart than this are wrong. */
const offsetMsMax = 60_000;

/**
 * The time of every event goes by the clock of ingest. Returns a check that throws when it is not the
 * broker's, as far as anything was sent.
 */
export function watchBrokerClock(producer: Pick<Producer, "clockOffsetMs">, metrics: Metrics): () => void {
  const offsetMs = () => producer.clockOffsetMs() ?? 0;
  metrics.level(
    "kafka_clock_offset_seconds",
    "How far our clock is ahead of Kafka's.",
    () => offsetMs() / 1000,
  );
  return () => {
    if (Math.abs(offsetMs()) <= offsetMsMax) return;
    throw new Error(`This clock is ${Math.round(offsetMs() / 1000)} s ahead of Kafka's`);
  };
}
