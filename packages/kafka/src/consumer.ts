import type { Topic } from "@mosis/types/topics";
import { connectTo, type KafkaConfig, topicOf, wireName } from "./cluster.ts";
import { type GroupLag, groupLag } from "./lag.ts";
import { openQuestions } from "./questions.ts";
import { type IncomingBatch, type IncomingRecord, toIncoming } from "./record.ts";
import { superviseConsumer } from "./supervise.ts";
import { type Forgery, type RecordVerifier, verifierFor } from "./verifier.ts";
import type { EachBatchPayload } from "kafkajs";
import { createGaps, type OnLost } from "./gaps.ts";

export interface BatchContext {
  /**
   * Sends a heartbeat. Heartbeats are automatic while a handler runs; one that blocks the event loop for
   * seconds may send its own.
   */
  heartbeat(): Promise<void>;
  /**
   * True when the partition is being taken away or the consumer closes: finish what is begun, begin nothing
   * new.
   */
  isStale(): boolean;
}

export type OnBatch = (batch: IncomingBatch, context: BatchContext) => Promise<void>;

export interface ConsumerOptions {
  group: string;
  topics: Topic[];
  /** The broker answers a fetch when it has this many bytes (all partitions together) … */
  minBytes: number;
  /** … or after this time. */
  maxWaitMs: number;
  /** Bytes of one partition in one fetch. A single larger record is still returned. */
  maxBytesPerPartition: number;
  /** Bytes of one fetch, and so of the memory it holds. Default 32 MiB. */
  maxBytes?: number;
  /** The number of handlers that run at the same time, each for another partition. Default 1. */
  partitionsAtOnce?: number;
  /** A member that is silent for so long counts as dead. Default 15 s. */
  sessionTimeoutMs?: number;
  /** The time that running handlers may take when the group rebalances. Default 60 s. */
  rebalanceTimeoutMs?: number;
  /**
   * The pause before a failed batch is handed over again. It doubles up to `retryPauseMaxMs`. Default 200 ms.
   */
  retryPauseMs?: number;
  /** The longest of these pauses. Default 5 s. */
  retryPauseMaxMs?: number;
  /**
   * Called for a record in a topic of the catalog that the catalog has not signed; `onBatch` never gets it.
   * Default: it is only counted and logged.
   */
  onForged?: OnForged;
  /**
   * Called when records were deleted that the group had not read, because the retention was shorter than its
   * absence. For a compacted topic it is also called for records that later ones have replaced. No record
   * behind them is handed over before it resolves. When it throws, they are found again.
   */
  onLost?: OnLost;
}

export type OnForged = (
  forged: { topic: Topic; partition: number; record: IncomingRecord; forgery: Forgery },
  context: BatchContext,
) => Promise<void>;

export interface Consumer {
  /** Returns how far the whole group is behind, by partition. It asks the broker. */
  lag(): Promise<GroupLag[]>;
  /**
   * Returns true when this consumer has a partition now, as far as it knows: after a lost connection another
   * one may have it already. That is good enough to divide work, but not for work that must not be done
   * twice.
   */
  hasPartition(): boolean;
  /**
   * Rejects when consuming cannot go on. It never resolves. A broker that is away is not a reason: the
   * consumer waits for it.
   */
  failed: Promise<never>;
  /** Waits for the running handlers, commits what they finished, and leaves the group. */
  close(): Promise<void>;
}

/**
 * Hands over batches of one partition in order. The offset is committed after the handler resolved, never
 * before: a batch that a crash or a rebalance interrupts is handed over again, to the partition's next owner.
 */
export async function openConsumer(
  config: KafkaConfig & ConsumerOptions,
  onBatch: OnBatch,
): Promise<Consumer> {
  const { group, topics, maxBytes = 33_554_432, sessionTimeoutMs = 15_000 } = config;
  for (const topic of topics) verifierFor(topic, config);
  const kafka = connectTo(config);
  const heartbeatMs = Math.floor(sessionTimeoutMs / 5);
  let assigned = 0;
  const questions = openQuestions(kafka.admin({ retry: { retries: 1 } }));
  const gaps = createGaps({ questions, config });
  await gaps.read();
  let joins = 0;
  const consumer = await superviseConsumer({
    log: config.log,
    open: () => {
      const opened = kafka.consumer({
        groupId: group,
        allowAutoTopicCreation: false,
        minBytes: config.minBytes,
        maxWaitTimeInMs: config.maxWaitMs,
        maxBytesPerPartition: config.maxBytesPerPartition,
        maxBytes,
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: config.rebalanceTimeoutMs ?? 60_000,
        heartbeatInterval: heartbeatMs,
        metadataMaxAge: 60_000,
        // The supervisor handles crashes, because it knows every kind; kafkajs restarts after some kinds
        // only.
        retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2000, restartOnFailure: async () => false },
      });
      const { GROUP_JOIN, REBALANCING, CRASH, STOP } = opened.events;
      opened.on(GROUP_JOIN, ({ payload }) => {
        assigned = Object.values(payload.memberAssignment).flat().length;
        if (joins++ > 0) void gaps.read();
      });
      for (const lost of [REBALANCING, CRASH, STOP] as const) opened.on(lost, () => void (assigned = 0));
      return opened;
    },
    topics: topics.map((topic) => wireName(config, topic)),
    run: {
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: config.partitionsAtOnce ?? 1,
      async eachBatch(payload) {
        await gaps.look(payload);
        await handleBatch(payload, { config, onBatch, heartbeatMs });
      },
    },
  }).catch(async (error: unknown) => {
    await questions.close();
    throw error;
  });
  return {
    lag: () => questions.ask((admin) => groupLag(admin, config, group, topics)),
    hasPartition: () => assigned > 0,
    failed: consumer.failed,
    async close() {
      await consumer.close();
      await questions.close();
    },
  };
}

/** Does three steps: 1 handle, again and again until it works; 2 move our own position; 3 commit it. */
async function handleBatch(
  payload: EachBatchPayload,
  {
    config,
    onBatch,
    heartbeatMs,
  }: { config: KafkaConfig & ConsumerOptions; onBatch: OnBatch; heartbeatMs: number },
): Promise<void> {
  const { batch } = payload;
  const { retryPauseMs = 200, retryPauseMaxMs = 5000 } = config;
  let rebalancing = false;
  const beat = () =>
    payload.heartbeat().catch(() => {
      // The group is rebalancing or has lost this member. kafkajs finds that out at its own next request.
      rebalancing = true;
    });
  const isStale = () => rebalancing || payload.isStale() || !payload.isRunning();
  const timer = setInterval(() => void beat(), heartbeatMs);
  try {
    const incoming = toIncoming(batch, topicOf(config, batch.topic));
    const verifier = verifierFor(incoming.topic, config);
    const handle = verifier ? onlySigned(verifier, { onBatch, onForged: config.onForged }) : onBatch;
    for (let pauseMs = retryPauseMs; ; pauseMs = Math.min(pauseMs * 2, retryPauseMaxMs)) {
      try {
        await handle(incoming, { heartbeat: beat, isStale });
        break;
      } catch (error) {
        config.log.error(
          { err: error, topic: batch.topic, partition: batch.partition, offset: batch.firstOffset() },
          `A batch of ${batch.topic} could not be handled; it is tried again in ${pauseMs} ms`,
        );
        await pauseUnless(isStale, pauseMs);
        // Nothing is resolved: the next owner of the partition starts at this batch.
        if (isStale()) return;
      }
    }
  } finally {
    clearInterval(timer);
  }
  const lastOffset = batch.lastOffset();
  payload.resolveOffset(lastOffset);
  // This also runs when a rebalance has begun: until it ends, the broker still accepts the commit, and the
  // next owner starts behind this batch. When the broker refuses it, the throw makes kafkajs join again, and
  // the batch comes twice.
  await payload.commitOffsetsIfNecessary({
    topics: [
      {
        topic: batch.topic,
        partitions: [{ partition: batch.partition, offset: (BigInt(lastOffset) + 1n).toString() }],
      },
    ],
  });
}

function onlySigned(
  verifier: RecordVerifier,
  { onBatch, onForged }: { onBatch: OnBatch; onForged: OnForged | undefined },
): OnBatch {
  return async (batch, context) => {
    const { topic, partition, records } = batch;
    const forgeries = await verifier.verify(topic, records);
    for (const [index, record] of records.entries()) {
      const forgery = forgeries[index];
      if (forgery) await onForged?.({ topic, partition, record, forgery }, context);
    }
    const signed = records.filter((_record, index) => !forgeries[index]);
    if (signed.length > 0) await onBatch({ ...batch, records: signed }, context);
  };
}

async function pauseUnless(isStale: () => boolean, pauseMs: number): Promise<void> {
  const until = Date.now() + pauseMs;
  while (Date.now() < until && !isStale()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(100, until - Date.now())));
  }
}
