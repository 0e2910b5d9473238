import type { Topic } from "@mosis/types/topics";
import type { Admin, Producer as KafkaJsProducer, ProducerConfig } from "kafkajs";
import { connectTo, kafkajs, type KafkaConfig, requestTimeoutMs, wireName } from "./cluster.ts";
import { withDeadline } from "./deadline.ts";
import { explained } from "./failure.ts";
import { openQuestions } from "./questions.ts";
import type { OutgoingBatch } from "./record.ts";

export interface Producer {
  /**
   * Resolves when all in-sync replicas have every record. Records of one partition in one call are one record
   * batch: all of them are in the log, in order and next to each other, or none is.
   * @throws Error when that could not be confirmed within the deadline. The records may still be
   * stored: send again what must not be lost, under a key that makes the second copy harmless.
   */
  send(batches: OutgoingBatch[]): Promise<void>;
  /**
   * False after a send or a probe failed, until one succeeds again. Costs nothing: ask before every
   * request.
   */
  connected(): boolean;
  /**
   * Asks the broker. Partitions are only ever added; who cached the number misses new ones, nothing worse.
   */
  partitionCount(topic: Topic): Promise<number>;
  close(): Promise<void>;
}

export interface ProducerLimits {
  /** Bound of one `send`, retries included. Default 15 s. */
  sendDeadlineMs?: number;
  /** How often an idle or failing connection is probed. Default 1 s. */
  probeIntervalMs?: number;
}

/**
 * Not idempotent on purpose: kafkajs' idempotent producer loses records when several sends are in flight. A
 * retry may therefore write a record twice, and everything downstream is keyed so that this does not show.
 * @throws Error when no broker answers within 30 s.
 */
export async function openProducer(config: KafkaConfig & ProducerLimits): Promise<Producer> {
  const { log, signer = (batches: OutgoingBatch[]) => batches } = config;
  const { sendDeadlineMs = 15_000, probeIntervalMs = 1000 } = config;
  const kafka = connectTo(config);
  const producer = kafka.producer(producerOptions);
  const admin = kafka.admin({ retry: { retries: 0 } });
  await connect(producer, admin).catch((error: unknown) => {
    throw explained(error, config);
  });
  const questions = openQuestions(admin);

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
    async partitionCount(topic) {
      const name = wireName(config, topic);
      const { topics } = await questions.ask((it) => it.fetchTopicMetadata({ topics: [name] }));
      return topics[0]?.partitions.length ?? 0;
    },
    async send(batches) {
      const sending = producer.sendBatch({
        topicMessages: signer(batches).map(({ topic, messages }) => ({
          topic: wireName(config, topic),
          messages: messages.map(({ key = null, ...rest }) => ({ key, ...rest })),
        })),
        acks: -1,
        timeout: requestTimeoutMs,
        compression: kafkajs.CompressionTypes.None,
      });
      try {
        await withDeadline(sending, sendDeadlineMs, "Sending to Kafka");
        note(true);
      } catch (error) {
        // What one record did wrong (too large, unknown topic) says nothing about the broker; a probe does.
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

const connectDeadlineMs = 30_000;

/**
 * A broker that wants a password takes the connection of who has none, and closes it at the first
 * question.
 */
async function connect(producer: KafkaJsProducer, admin: Admin): Promise<void> {
  const asking = admin.connect().then(() => admin.describeCluster());
  await withDeadline(Promise.all([producer.connect(), asking]), connectDeadlineMs, "Connecting to Kafka");
}

const producerOptions: ProducerConfig = {
  allowAutoTopicCreation: false,
  idempotent: false,
  createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  metadataMaxAge: 60_000,
  retry: { retries: 6, initialRetryTime: 100, maxRetryTime: 2000, factor: 0.2, multiplier: 2 },
};

/** Asks the broker now and then, one question at a time. */
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
