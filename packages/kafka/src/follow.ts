import { randomUUID } from "node:crypto";
import { outboxHeaders, type Topic } from "@mosis/types/topics";
import type { Admin, Consumer as KafkaJsConsumer, EachBatchPayload } from "kafkajs";
import { connectTo, type KafkaConfig, topicOf, wireName } from "./cluster.ts";
import { connectAll } from "./connect.ts";
import { retried } from "./retried.ts";
import { type IncomingRecord, toIncoming } from "./record.ts";
import { superviseConsumer } from "./supervise.ts";
import { verifierFor } from "./verifier.ts";

export interface FollowOptions {
  topics: Topic[];
  /**
   * Called in order within a partition, never twice for an offset. It must not throw: a throw is logged
   * and passed over. Of a topic of the catalog it gets only what is signed, and of each key never a record
   * that is older than the last one.
   */
  onRecord: (topic: Topic, key: string, value: Buffer | null, record: IncomingRecord) => void;
  /** Called for the key of a record that `onRecord` did not get. Default: it is only counted and logged. */
  onIgnored?: (topic: Topic, key: string) => void;
  /** The broker answers when it has anything, or after this time. Default 500 ms. */
  maxWaitMs?: number;
}

export interface Followed {
  /** Resolves once everything has been delivered that was in the topics at the start. */
  caughtUp: Promise<void>;
  /**
   * Rejects when following cannot go on (not for a broker that is away: that is waited for): what was read
   * grows old from then on. Never resolves.
   */
  failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * Reads whole topics from their beginning and goes on following them: the way to keep a table
 * in memory. Commits nothing, so every process sees every record. Reconnects by itself.
 * @throws Error when Kafka cannot be reached or a topic is missing.
 */
export async function followTopics(config: KafkaConfig, options: FollowOptions): Promise<Followed> {
  const { topics, maxWaitMs = 500 } = options;
  for (const topic of topics) verifierFor(topic, config);
  const kafka = connectTo(config);
  const names = topics.map((topic) => wireName(config, topic));
  const positions = trackPositions(await readEnds(config, kafka.admin(), names));
  const deliver = createDeliver({ config, options, positions });

  const consumer = await superviseConsumer({
    log: config.log,
    open: () => {
      const opened = kafka.consumer({
        // A group of one: kafkajs has no consumer without a group. Nothing is committed, so the broker
        // forgets it.
        groupId: `${config.topicPrefix}${config.clientId}-follow-${randomUUID()}`,
        allowAutoTopicCreation: false,
        minBytes: 1,
        maxWaitTimeInMs: maxWaitMs,
        maxBytesPerPartition: 4_194_304,
        maxBytes: 16_777_216,
        sessionTimeout: 30_000,
        heartbeatInterval: 3000,
        metadataMaxAge: 60_000,
        retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1000, restartOnFailure: async () => false },
      });
      // Also for what has no record to deliver: markers of transactions, gaps that compaction left.
      opened.on(opened.events.END_BATCH_PROCESS, ({ payload }) => {
        positions.advance(payload.topic, payload.partition, BigInt(payload.lastOffset) + 1n);
      });
      return opened;
    },
    topics: names,
    run: {
      autoCommit: false,
      eachBatchAutoResolve: true,
      eachBatch: deliver,
    },
    onStart: (started) => seekBehind(started, positions),
  });
  return { caughtUp: positions.caughtUp, failed: consumer.failed, close: () => consumer.close() };
}

interface Positions {
  next(topic: string, partition: number): bigint;
  advance(topic: string, partition: number, next: bigint): void;
  entries(): { topic: string; partition: number; offset: bigint }[];
  caughtUp: Promise<void>;
}

interface PartitionEnd {
  topic: string;
  partition: number;
  /** Offset of the next record that will be written. */
  end: bigint;
}

function trackPositions(ends: PartitionEnd[]): Positions {
  const { promise: caughtUp, resolve } = Promise.withResolvers<void>();
  const next = new Map<string, { topic: string; partition: number; offset: bigint }>();
  const missing = new Map(ends.filter(({ end }) => end > 0n).map((e) => [id(e.topic, e.partition), e.end]));
  if (missing.size === 0) resolve();
  return {
    caughtUp,
    next: (topic, partition) => next.get(id(topic, partition))?.offset ?? 0n,
    entries: () => [...next.values()],
    advance(topic, partition, offset) {
      const key = id(topic, partition);
      next.set(key, { topic, partition, offset });
      const end = missing.get(key);
      if (end === undefined || offset < end) return;
      missing.delete(key);
      if (missing.size === 0) resolve();
    },
  };
}

function id(topic: string, partition: number): string {
  return `${partition} ${topic}`;
}

function createDeliver({
  config,
  options: { onRecord, onIgnored = () => {} },
  positions,
}: {
  config: KafkaConfig;
  options: FollowOptions;
  positions: Positions;
}): (payload: EachBatchPayload) => Promise<void> {
  const isLate = createLateness();
  return async ({ batch }) => {
    const topic = topicOf(config, batch.topic);
    const { records } = toIncoming(batch, topic);
    const verifier = verifierFor(topic, config);
    const forgeries = verifier && (await verifier.verify(topic, records));
    for (const [index, record] of records.entries()) {
      const { offset, value } = record;
      // A consumer that starts anew may read again what was delivered: an old state must not come back to
      // life.
      if (BigInt(offset) < positions.next(batch.topic, batch.partition)) continue;
      const key = record.key?.toString() ?? "";
      try {
        const isForged = Boolean(forgeries?.[index]);
        const isOutdated = !isForged && verifier !== null && isLate(topic, key, record);
        if (isOutdated) verifier.outdated(topic);
        if (isForged || isOutdated) onIgnored(topic, key);
        else onRecord(topic, key, value, record);
      } catch (error) {
        config.log.error(
          { err: error, topic, offset },
          `A record of ${topic} could not be applied and is passed over`,
        );
      }
      positions.advance(batch.topic, batch.partition, BigInt(offset) + 1n);
    }
  };
}

/**
 * Tells whether a later record of the same key was seen: an old one that somebody has written again, or one
 * that a relay sent twice, must not take back what came behind it. Remembers a number for each key, deleted
 * ones included, until the process ends.
 */
function createLateness(): (topic: Topic, key: string, record: IncomingRecord) => boolean {
  const lastByTopic = new Map<Topic, Map<string, number>>();
  return (topic, key, { headers }) => {
    const last = lastByTopic.get(topic) ?? new Map<string, number>();
    lastByTopic.set(topic, last);
    const position = Number(headers[outboxHeaders.position]);
    if (position < (last.get(key) ?? 0)) return true;
    last.set(key, position);
    return false;
  };
}

/** A new consumer goes on where the last one was, so that a lost connection does not cost a full read. */
function seekBehind(consumer: KafkaJsConsumer, positions: Positions): void {
  for (const { topic, partition, offset } of positions.entries()) {
    consumer.seek({ topic, partition, offset: offset.toString() });
  }
}

async function readEnds(config: KafkaConfig, admin: Admin, names: string[]): Promise<PartitionEnd[]> {
  await connectAll(config, [admin]);
  try {
    return await retried(() => topicEnds(admin, names));
  } finally {
    // An open connection would keep a process alive that has failed to start.
    await admin.disconnect();
  }
}

async function topicEnds(admin: Admin, names: string[]): Promise<PartitionEnd[]> {
  const ends = names.map(async (topic) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return (
      offsets
        // Everything was removed by retention: nothing will be delivered.
        .filter(({ low, high }) => low !== high)
        .map(({ partition, high }) => ({ topic, partition, end: BigInt(high) }))
    );
  });
  return (await Promise.all(ends)).flat();
}
