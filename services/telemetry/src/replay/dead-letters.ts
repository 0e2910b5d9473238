import { type IncomingBatch, type KafkaConfig, openConsumer, openLagReader } from "@mosis/kafka";
import { type Topic, topics } from "@mosis/types/topics";
import { createRun, type RunOptions } from "./run.ts";

/**
 * Records of these topics may be sent back at any time: their rows have keys, so a second copy changes
 * nothing.
 */
export const replayedByDefault: readonly Topic[] = [topics.events, topics.rejected, topics.audit];

export interface ReplayOptions extends RunOptions {
  kafka: KafkaConfig;
  /** Replays every dead letter that there is when it is no longer known how far an earlier run came. */
  isFromBeginning?: boolean;
  /** How long Kafka remembers how far a run came. Default 7 days, the default of brokers. */
  offsetsKeptMs?: number;
  /** A broker that delivers nothing for this time ends the run. Default 60 s. */
  stallTimeoutMs?: number;
}

const offsetsKeptMsDefault = 7 * 86_400_000;

/**
 * Sends the dead letters of a topic back to where they came from, unchanged. The order is the guarantee:
 *
 * 1. **The end** of the dead letters is read before anything is sent: a record that is refused again lies
 * behind it, so no run meets it. 2. **Send** a record, and wait for all in-sync replicas. 3. **Commit** its
 * position. A crash before that sends it once more, which its keys make harmless.
 * @returns by code, how many records were sent back, or would be.
 * @throws Error when Kafka no longer delivers or accepts anything; the position stays where it was. It throws
 * immediately when the position may be forgotten: dead letters live longer than it, and all of them would be
 * sent again.
 */
export async function replayDeadLetters(options: ReplayOptions): Promise<Map<string, number>> {
  const { kafka, topic, isDryRun, stallTimeoutMs = 60_000 } = options;
  const group = `${kafka.topicPrefix}telemetry-replay-${topic}`;
  const { waiting, isCommitted } = await countWaiting(kafka, group);
  const requireKnownPosition = ({ records: [first] }: IncomingBatch) => {
    if (isCommitted || options.isFromBeginning === true || !first) return;
    if (Date.now() - first.timestamp < (options.offsetsKeptMs ?? offsetsKeptMsDefault)) return;
    throw new Error(
      "Nobody knows how far the last run came, and there are dead letters that it may have sent: " +
        "--from-beginning sends them all.",
    );
  };
  // A dry run reads as a group that has committed nothing, from the beginning, and skips what was replayed.
  const reader = isDryRun ? `${group}-dry-run-${process.pid}-${Date.now()}` : group;
  const readable = isDryRun ? (await countWaiting(kafka, reader)).waiting : waiting;
  const run = createRun(options, waiting, readable);
  if (run.isOver()) return run.codes;

  const { promise: failed, reject } = Promise.withResolvers<never>();
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const stalled = () => reject(new Error(`Kafka gave no dead letters for ${stallTimeoutMs} ms.`));
  let stall = setTimeout(stalled, stallTimeoutMs);
  const opening = openConsumer({ ...kafka, ...oneByOne, group: reader }, async (batch) => {
    clearTimeout(stall);
    stall = setTimeout(stalled, stallTimeoutMs);
    try {
      requireKnownPosition(batch);
      await run.take(batch);
    } catch (error) {
      reject(error);
      throw error;
    }
    // Closing begins before this batch is committed and waits for it, so that no further one is handed over.
    if (run.isOver()) resolve(opening.then((consumer) => consumer.close()));
  });
  const consumer = await opening;
  try {
    await Promise.race([over, failed, consumer.failed]);
  } finally {
    clearTimeout(stall);
    await consumer.close();
  }
  return run.codes;
}

/**
 * A dead letter is a record batch of its own, and a fetch of one byte brings one batch: each is committed
 * before the next is read.
 */
const oneByOne = { topics: [topics.deadLetters], minBytes: 1, maxWaitMs: 500, maxBytesPerPartition: 1 };

/** Returns the records that a group has not committed, by partition, and whether it has committed any. */
async function countWaiting(
  kafka: KafkaConfig,
  group: string,
): Promise<{ waiting: Map<number, number>; isCommitted: boolean }> {
  const reader = openLagReader(kafka, { group, topics: [topics.deadLetters], deadlineMs: 15_000 });
  try {
    const lags = await reader.read();
    return {
      waiting: new Map(lags.map(({ partition, records }) => [partition, records])),
      isCommitted: lags.some((lag) => lag.isCommitted),
    };
  } finally {
    await reader.close();
  }
}
