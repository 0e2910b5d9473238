import type { Topic } from "@mosis/types/topics";
import type { ProducerConfig, RecordMetadata, TopicMessages } from "kafkajs";
import { connectTo, kafkajs, type KafkaConfig, requestTimeoutMs, wireName } from "./cluster.ts";
import { connectAll } from "./connect.ts";
import { withDeadline } from "./deadline.ts";
import { openQuestions } from "./questions.ts";
import type { OutgoingBatch } from "./record.ts";
import { createStickyPartitioner } from "./sticky-partitioner.ts";

export interface Producer {
  /**
   * Resolves when all in-sync replicas have every record. Records of one partition in one call are one record
   * batch: all of them are in the log, in order and next to each other, or none is. Only records that a
   * broker has named in its answer count as sent.
   * @throws Error when that could not be confirmed within the deadline. The records may still be stored: send
   * again what must not be lost, under a key that makes the second copy harmless.
   * @param withinMs A deadline that is nearer than `sendDeadlineMs`.
   */
  send(batches: OutgoingBatch[], withinMs?: number): Promise<void>;
  /**
   * Returns false after a send or a probe failed, until one succeeds again. It costs nothing: ask before
   * every request.
   */
  connected(): boolean;
  /**
   * Asks the broker for the number of partitions. A cached number misses partitions that were added; when a
   * topic was made again with fewer, sends to the missing ones fail.
   */
  partitionCount(topic: Topic): Promise<number>;
  /**
   * Returns how far our clock is ahead of the broker's, by the time that it gave to the last record of a
   * topic whose time is the broker's (`LogAppendTime`). Null before the first one.
   */
  clockOffsetMs(): number | null;
  close(): Promise<void>;
}

export interface ProducerLimits {
  /** Timeout of one `send`, retries included. Default 15 s. */
  sendDeadlineMs?: number;
  /** The interval at which an idle or failing connection is probed. Default 1 s. */
  probeIntervalMs?: number;
  /** The time within which new tries to connect begin. Default 30 s. */
  connectDeadlineMs?: number;
}

/**
 * Opens a producer. It is not idempotent on purpose: kafkajs' idempotent producer loses records when several
 * sends are in flight. A retry may therefore write a record twice, and everything downstream is keyed so that
 * this has no effect.
 * @throws Error when no broker answers in time.
 */
export async function openProducer(config: KafkaConfig & ProducerLimits): Promise<Producer> {
  const { log, signer = (batches: OutgoingBatch[]) => batches } = config;
  const { sendDeadlineMs = 15_000, probeIntervalMs = 1000 } = config;
  const kafka = connectTo(config);
  const partitioner = createStickyPartitioner(kafkajs.Partitioners.DefaultPartitioner);
  const producer = kafka.producer({ ...producerOptions, createPartitioner: partitioner.create });
  const admin = kafka.admin({ retry: { retries: 0 } });
  await connectAll(config, [admin, producer], () => admin.describeCluster());
  const questions = openQuestions(admin);

  let clockOffsetMs: number | null = null;
  let up = true;
  let lastSuccessMs = Date.now();
  const note = (ok: boolean, error?: unknown) => {
    if (ok) lastSuccessMs = Date.now();
    if (ok === up) return;
    up = ok;
    if (ok) log.info("Kafka is back");
    else log.error({ err: error }, "Kafka does not answer");
  };
  const isDue = () => !up || Date.now() - lastSuccessMs >= probeIntervalMs;
  const prober = startProbe({
    intervalMs: probeIntervalMs,
    isDue,
    probe: () => questions.ask((it) => it.describeCluster()),
    note,
  });

  return {
    connected: () => up,
    clockOffsetMs: () => clockOffsetMs,
    async partitionCount(topic) {
      const name = wireName(config, topic);
      const { topics } = await questions.ask((it) => it.fetchTopicMetadata({ topics: [name] }));
      return topics[0]?.partitions.length ?? 0;
    },
    async send(batches, withinMs = sendDeadlineMs) {
      const topicMessages: TopicMessages[] = signer(batches).map(({ topic, messages }) => ({
        topic: wireName(config, topic),
        messages: messages.map(({ key = null, ...rest }) => ({ key, ...rest })),
      }));
      const beganMs = Date.now();
      const sending = producer.sendBatch({
        topicMessages,
        acks: -1,
        timeout: requestTimeoutMs,
        compression: kafkajs.CompressionTypes.None,
      });
      try {
        const answers = await withDeadline(sending, Math.min(withinMs, sendDeadlineMs), "Sending to Kafka");
        clockOffsetMs = clockOffset(answers, beganMs) ?? clockOffsetMs;
        requireAnswers({ topicMessages, answers, partitionOf: partitioner.partitionOf });
        note(true);
      } catch (error) {
        // A fault of one record (too large, unknown topic) says nothing about the broker; a probe does.
        prober.now();
        throw error;
      }
    },
    async close() {
      prober.stop();
      await Promise.all([producer.disconnect(), questions.close()]);
    },
  };
}

/** Returns zero when the broker's time lies between the start of a send and its answer. */
function clockOffset(answers: readonly RecordMetadata[], beganMs: number): number | null {
  const time = answers.find(({ logAppendTime }) => Number(logAppendTime ?? -1) > 0)?.logAppendTime;
  if (time === undefined) return null;
  const [brokerMs, endedMs] = [Number(time), Date.now()];
  if (brokerMs < beganMs) return beganMs - brokerMs;
  return brokerMs > endedMs ? endedMs - brokerMs : 0;
}

/**
 * Checks that every record was sent. kafkajs skips records of a partition that its metadata does not have,
 * and of one whose leader has moved to a broker that has answered already, and reports them as sent.
 * @throws Error when a record's partition is in no answer.
 */
function requireAnswers({ topicMessages, answers, partitionOf }: Sent): void {
  const named = new Set(answers.map(({ topicName, partition }) => `${partition} ${topicName}`));
  for (const { topic, messages } of topicMessages) {
    for (const message of messages) {
      const partition = partitionOf(message);
      if (named.has(`${partition} ${topic}`)) continue;
      throw new Error(
        `No broker has named partition ${partition} of ${topic}: its records were sent nowhere`,
      );
    }
  }
}

interface Sent {
  topicMessages: TopicMessages[];
  answers: RecordMetadata[];
  partitionOf: (record: TopicMessages["messages"][number]) => number | undefined;
}

const producerOptions: ProducerConfig = {
  allowAutoTopicCreation: false,
  idempotent: false,
  metadataMaxAge: 60_000,
  retry: { retries: 6, initialRetryTime: 100, maxRetryTime: 2000, factor: 0.2, multiplier: 2 },
};

/** Asks the broker from time to time, one question at a time. */
function startProbe(options: {
  intervalMs: number;
  isDue: () => boolean;
  probe: () => Promise<unknown>;
  note: (ok: boolean, error?: unknown) => void;
}): { now(): void; stop(): void } {
  const { intervalMs, isDue, probe, note } = options;
  let asking = false;
  const ask = () => {
    if (asking) return;
    asking = true;
    withDeadline(probe(), 5000, "Probing Kafka")
      .then(
        () => note(true),
        (error: unknown) => note(false, error),
      )
      .finally(() => {
        asking = false;
      });
  };
  const timer = setInterval(() => isDue() && ask(), intervalMs);
  timer.unref();
  return { now: ask, stop: () => clearInterval(timer) };
}
