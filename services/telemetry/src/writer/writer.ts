import type { ClickHouse } from "@mosis/clickhouse";
import { type Consumer, type KafkaConfig, openConsumer, type OnBatch, type Producer } from "@mosis/kafka";
import type { Logger, Metrics } from "@mosis/runtime";
import type { Topic } from "@mosis/types/topics";
import { createDeadLetter, setAside } from "./dead-letter.ts";
import { requireStoreClock, storeClockOffset } from "../clocks.ts";
import { startDeleter } from "./deleting/deleter.ts";
import type { SweepLimits } from "./deleting/sweep-guard.ts";
import { gather } from "./gather.ts";
import { writerGroup } from "./consumer-group.ts";
import { createHeld } from "./held.ts";
import { createOnLost } from "./lost-records.ts";
import { createWriterMetrics, watchLag, type WriterMetrics } from "./metrics.ts";
import { createRetry } from "./retry.ts";
import { createStoreCheck } from "./store-check.ts";
import { writtenTopics } from "./tables.ts";

export interface WriterOptions {
  kafka: KafkaConfig;
  /** The producer for dead letters. */
  producer: Pick<Producer, "send">;
  store: ClickHouse;
  /** The same store with a longer deadline, for deletions: one query may read a whole month. */
  patientStore: ClickHouse;
  log: Logger;
  metrics: Metrics;
  /** A fetch is answered when this many bytes are there … */
  fetchBytesMin: number;
  /** … or after this time, which is how long data of quiet hours waits. */
  fetchWaitMs: number;
  /** The limit of one fetch, and of what is held while ClickHouse is away. */
  fetchBytesMax: number;
  /** The interval of the sweeps that delete events which their apps no longer keep. */
  sweepIntervalMs: number;
  /** The limits of what a sweep may do without an operator. */
  sweepLimits: SweepLimits;
  /** The number of days that single deliveries are kept before they are summed up by day. */
  deliveriesKeptDays: number;
  /** Default `Date.now`. */
  now?: () => number;
}

export interface Writer {
  /** Rejects when consuming cannot continue. It never resolves. */
  failed: Promise<never>;
  lag: Consumer["lag"];
  /** @throws Error when our clock and ClickHouse's are more than a minute apart. */
  checkClock(): Promise<void>;
  /** @throws Error when ClickHouse does not answer, takes no inserts, or has no room. */
  checkStore(): Promise<void>;
  /** Finishes the running insert, commits its offsets and leaves the group. */
  close(): Promise<void>;
}

/** The time for which the partitions wait for another writer after a kill -9. */
const sessionTimeoutMs = 10_000;
const lagIntervalMs = 5000;

/** Moves records from Kafka into ClickHouse: see `insert.ts` for the order that makes it safe. */
export async function startWriter(options: WriterOptions): Promise<Writer> {
  const { kafka, producer, store, log, metrics, now = Date.now } = options;
  const held = createHeld();
  const counted = createWriterMetrics(metrics, held);
  const storeCheck = createStoreCheck(store, metrics);
  const onFailing = (what: string, error: unknown) => storeCheck.note(what, error);
  const retry = createRetry({ log, pauseMinMs: 100, pauseMaxMs: 5000, onFailing });
  const deadLetter = createDeadLetter({ producer, retry, log, onSent: counted.deadLetter });
  const deps = { store, log, metrics: counted, retry, deadLetter };
  const entries = Object.entries(writtenTopics) as [
    Topic,
    (typeof writtenTopics)[keyof typeof writtenTopics],
  ][];
  const handlers = new Map<Topic, OnBatch>(
    entries.map(([topic, storeTopic]) => [
      topic,
      held.counting(gather((gathered) => storeTopic(deps, gathered))),
    ]),
  );

  const consumer = await openConsumer(
    {
      ...kafka,
      group: writerGroup(kafka),
      topics: [...handlers.keys()],
      minBytes: options.fetchBytesMin,
      maxWaitMs: options.fetchWaitMs,
      maxBytes: options.fetchBytesMax,
      // An even share would leave most of a fetch unused when one partition is behind.
      maxBytesPerPartition: Math.floor(options.fetchBytesMax / 4),
      // This is enough for all at once: `gather` makes one insert of everything that a fetch brought.
      partitionsAtOnce: 64,
      sessionTimeoutMs,
      onForged: setAside(deadLetter),
      onLost: createOnLost(deps),
    },
    async (batch, context) => {
      const handle = handlers.get(batch.topic);
      if (!handle) throw new Error(`${batch.topic} is not one of the writer's topics`);
      await handle(batch, context);
    },
  );
  const deleter = await startDeleter({
    kafka,
    retry,
    deadLetter,
    log,
    metrics,
    store: options.patientStore,
    sweepIntervalMs: options.sweepIntervalMs,
    sweepLimits: options.sweepLimits,
    deliveriesKeptDays: options.deliveriesKeptDays,
    now,
  }).catch(async (error: unknown) => {
    await consumer.close();
    throw error;
  });
  const lagWatch = watchLag({ consumer, metrics, log, intervalMs: lagIntervalMs });
  const failed = Promise.race([consumer.failed, deleter.failed]);
  // A caller that does not watch this promise must not be ended by it.
  failed.catch(() => {});
  return {
    failed,
    lag: () => consumer.lag(),
    checkStore: () => storeCheck.check(),
    checkClock: () => checkClock(store, counted, now),
    async close() {
      lagWatch.stop();
      await Promise.all([deleter.close(), consumer.close()]);
    },
  };
}

async function checkClock(store: ClickHouse, counted: WriterMetrics, now: () => number): Promise<void> {
  const offsetMs = await storeClockOffset(store, now);
  counted.clock(offsetMs);
  requireStoreClock(offsetMs);
}
