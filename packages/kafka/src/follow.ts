import { randomUUID } from "node:crypto";
import {
  type Completeness,
  completenessKey,
  isStateTopic,
  outboxHeaders,
  type Topic,
} from "@mosis/types/topics";
import type { Admin, Consumer as KafkaJsConsumer, ConsumerConfig, EachBatchPayload } from "kafkajs";
import { connectTo, type KafkaConfig, topicOf, wireName } from "./cluster.ts";
import { connectAll } from "./connect.ts";
import { type Following, type KeepUpOptions, type KeptUp, keepUp } from "./keep-up.ts";
import { isVouchedFor, type LogEnds, type Place, type Places, trackPlaces } from "./places.ts";
import { openQuestions } from "./questions.ts";
import { retried } from "./retried.ts";
import { type IncomingRecord, toIncoming } from "./record.ts";
import { type Supervised, superviseConsumer } from "./supervise.ts";
import { verifierFor } from "./verifier.ts";

export interface FollowOptions extends KeepUpOptions {
  topics: Topic[];
  /**
   * Called in order within a partition, and never twice for an offset of one reading. It must not throw: an
   * error is logged and skipped. From a topic of the catalog it gets only signed records, and for each key
   * never a record older than the last one.
   */
  onRecord: (topic: Topic, key: string, value: Buffer | null, record: IncomingRecord) => void;
  /** Called for the key of a record that `onRecord` did not get. Default: it is only counted and logged. */
  onIgnored?: (topic: Topic, key: string) => void;
  /**
   * Called before a topic is read again from its beginning, because it is not the topic that was read: forget
   * what came from it.
   */
  onAnew?: (topic: Topic) => void;
  /** Called when `isWhole` has become true. */
  onWhole?: () => void;
  /** The broker answers when it has any records, or after this time. Default 500 ms. */
  maxWaitMs?: number;
}

/** A partition of a compacted topic, as far as it is known now. */
export interface FollowedPartition {
  topic: Topic;
  partition: number;
  /** Offset of its first record. */
  from: number;
  /** Offset behind the last record that was delivered. */
  to: number;
  /** True when the relay has declared that it contains every state. */
  isComplete: boolean;
}

export interface Followed {
  /** Resolves once everything has been delivered that was in the topics at the start. */
  caughtUp: Promise<void>;
  /** Returns true when everything is delivered that was there when reading began, or began again. */
  isCaughtUp(): boolean;
  /**
   * Returns true when, in addition, the relay has declared that the compacted topics contain every state: an
   * emptied topic looks like one that never had any. It stays true while a topic is followed.
   */
  isWhole(): boolean;
  /** Returns the partitions of the compacted topics. */
  partitions(): FollowedPartition[];
  /**
   * Returns the milliseconds for which it has been unknown whether the data read is what the topics contain.
   */
  ageMs(): number;
  /**
   * Rejects when following cannot go on; the data read grows old from then on. It never resolves. A broker
   * that is away is not a reason: the follower waits for it.
   */
  failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * Reads whole topics from their beginning and goes on following them, to keep a table in memory. It commits
 * nothing, so every process sees every record. It reconnects after a failure, and reads a topic again that is
 * not the one it has read.
 * @throws Error when Kafka cannot be reached or a topic is missing.
 */
export async function followTopics(config: KafkaConfig, options: FollowOptions): Promise<Followed> {
  const { topics, maxWaitMs = 500 } = options;
  for (const topic of topics) verifierFor(topic, config);
  const kafka = connectTo(config);
  const names = topics.map((topic) => wireName(config, topic));
  const admin = kafka.admin({ retry: { retries: 1 } });
  const questions = openQuestions(admin);
  const caughtUp = Promise.withResolvers<void>();
  let isWhole = false;
  const partitions = () => partitionsOf(config, places);
  const settle = () => {
    if (!places.isCaughtUp()) return;
    caughtUp.resolve();
    if (isWhole || !partitions().every(({ isComplete }) => isComplete)) return;
    isWhole = true;
    options.onWhole?.();
  };
  const places = trackPlaces(settle);
  const lateness = createLateness();
  let keptUp: KeptUp | undefined;
  try {
    for (const [topic, ends] of await readEnds(config, admin, names)) places.begin(topic, ends);
    settle();
    const deliver = createDeliver({ config, options, places, lateness, onShorter: () => keptUp?.look() });
    const consumer = await superviseConsumer({
      log: config.log,
      open: () => openFollower(kafka.consumer(followerConfig(config, maxWaitMs)), places),
      topics: names,
      run: { autoCommit: false, eachBatchAutoResolve: true, eachBatch: deliver },
      onStart: (started) => seekBehind(started, places),
    });
    const following: Following = {
      config,
      options,
      places,
      questions,
      consumer,
      names,
      readAnew(name, ends) {
        isWhole = false;
        places.begin(name, ends);
        lateness.forget(topicOf(config, name));
        options.onAnew?.(topicOf(config, name));
        seekToBeginning(consumer, places.of(name));
        settle();
      },
    };
    keptUp = keepUp(following);
    return {
      caughtUp: caughtUp.promise,
      isCaughtUp: () => places.isCaughtUp(),
      isWhole: () => isWhole,
      partitions,
      ageMs: () => keptUp?.ageMs() ?? 0,
      failed: consumer.failed,
      async close() {
        keptUp?.stop();
        await Promise.all([consumer.close(), questions.close()]);
      },
    };
  } catch (error) {
    // An open connection would keep a process alive that has failed to start.
    await questions.close();
    throw error;
  }
}

function partitionsOf(config: KafkaConfig, places: Places): FollowedPartition[] {
  return places
    .all()
    .map((place) => ({
      topic: topicOf(config, place.topic),
      partition: place.partition,
      from: Number(place.low),
      to: Number(place.next),
      isComplete: isVouchedFor(place),
    }))
    .filter(({ topic }) => isStateTopic(topic));
}

function followerConfig({ topicPrefix, clientId }: KafkaConfig, maxWaitMs: number): ConsumerConfig {
  return {
    // Each follower has a group of its own, because kafkajs has no consumer without a group. Nothing is
    // committed, so the broker forgets it.
    groupId: `${topicPrefix}${clientId}-follow-${randomUUID()}`,
    allowAutoTopicCreation: false,
    minBytes: 1,
    maxWaitTimeInMs: maxWaitMs,
    maxBytesPerPartition: 4_194_304,
    maxBytes: 16_777_216,
    sessionTimeout: 30_000,
    heartbeatInterval: 3000,
    metadataMaxAge: 60_000,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1000, restartOnFailure: async () => false },
  };
}

/**
 * Creates a follower that also moves past offsets without a record to deliver: markers of transactions, and
 * gaps that compaction left.
 */
function openFollower(opened: KafkaJsConsumer, places: Places): KafkaJsConsumer {
  const readings = new Map<Place, number>();
  opened.on(opened.events.START_BATCH_PROCESS, ({ payload: { topic, partition } }) => {
    const place = places.find(topic, partition);
    readings.set(place, place.reading);
  });
  opened.on(opened.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
    const place = places.find(topic, partition);
    const next = BigInt(lastOffset) + 1n;
    if (readings.get(place) === place.reading && next > place.next) places.advance(place, next);
  });
  return opened;
}

interface Delivering {
  config: KafkaConfig;
  options: FollowOptions;
  places: Places;
  lateness: Lateness;
  /** Called when the log ends before the place that was read. */
  onShorter: () => void;
}

function createDeliver({ config, options, places, lateness, onShorter }: Delivering) {
  const { onRecord, onIgnored = () => {} } = options;
  return async (payload: EachBatchPayload): Promise<void> => {
    const { batch } = payload;
    const topic = topicOf(config, batch.topic);
    const place = places.find(batch.topic, batch.partition);
    const { reading } = place;
    if (BigInt(batch.highWatermark) < place.next) onShorter();
    const { records } = toIncoming(batch, topic);
    const verifier = verifierFor(topic, config);
    const forgeries = verifier && (await verifier.verify(topic, records));
    if (payload.isStale() || place.reading !== reading) return;
    for (const [index, record] of records.entries()) {
      const { offset, value } = record;
      // A restarted consumer may read delivered records again: an old state must not come back to life.
      if (BigInt(offset) < place.next) continue;
      const key = record.key?.toString() ?? "";
      try {
        const isForged = Boolean(forgeries?.[index]);
        const isOutdated = !isForged && verifier !== null && lateness.isLate(topic, key, record);
        if (isOutdated) verifier.outdated(topic);
        if (isForged || isOutdated) onIgnored(topic, key);
        else if (isStateTopic(topic) && key === completenessKey) noteComplete(place, record);
        else onRecord(topic, key, value, record);
      } catch (error) {
        config.log.error(
          { err: error, topic, offset },
          `A record of ${topic} could not be applied and is skipped`,
        );
      }
      place.newestMs = Math.max(place.newestMs, record.timestamp);
      places.advance(place, BigInt(offset) + 1n);
    }
    place.known ??= { next: place.next, newestMs: place.newestMs };
  };
}

/**
 * Notes what the relay has declared. A declaration about another log, which came into this one when the topic
 * was made again, is ignored.
 */
function noteComplete(place: Place, { offset, value }: IncomingRecord): void {
  const complete = value && (JSON.parse(value.toString()) as Completeness);
  place.complete = complete && BigInt(complete.to) <= BigInt(offset) ? complete : null;
}

interface Lateness {
  /**
   * Returns true when a later record of the same key was seen. An old record that somebody has written again,
   * or that a relay sent twice, must not undo the later ones. It remembers a number for each key, deleted
   * ones included, until the process ends.
   */
  isLate(topic: Topic, key: string, record: IncomingRecord): boolean;
  forget(topic: Topic): void;
}

function createLateness(): Lateness {
  const lastByTopic = new Map<Topic, Map<string, number>>();
  return {
    isLate(topic, key, { headers }) {
      const last = lastByTopic.get(topic) ?? new Map<string, number>();
      lastByTopic.set(topic, last);
      const position = Number(headers[outboxHeaders.position]);
      if (position < (last.get(key) ?? 0)) return true;
      last.set(key, position);
      return false;
    },
    forget: (topic) => void lastByTopic.delete(topic),
  };
}

/** Moves a new consumer to where the last one was, so that a lost connection does not cost a full read. */
function seekBehind(consumer: KafkaJsConsumer, places: Places): void {
  for (const { topic, partition, next } of places.all()) {
    if (next > 0n) consumer.seek({ topic, partition, offset: next.toString() });
  }
}

function seekToBeginning(consumer: Supervised, places: readonly Place[]): void {
  try {
    for (const { topic, partition, low } of places) {
      consumer.current().seek({ topic, partition, offset: low.toString() });
    }
  } catch {
    // The consumer is being started, and its group is new: it begins there itself.
  }
}

async function readEnds(config: KafkaConfig, admin: Admin, names: string[]): Promise<[string, LogEnds[]][]> {
  await connectAll(config, [admin]);
  return retried(async () =>
    Promise.all(
      names.map(async (name): Promise<[string, LogEnds[]]> => [name, await admin.fetchTopicOffsets(name)]),
    ),
  );
}
