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
   * Called in order within a partition, never twice for an offset of one reading. It must not throw: a throw
   * is logged and passed over. Of a topic of the catalog it gets only what is signed, and of each key never a
   * record that is older than the last one.
   */
  onRecord: (topic: Topic, key: string, value: Buffer | null, record: IncomingRecord) => void;
  /** Called for the key of a record that `onRecord` did not get. Default: it is only counted and logged. */
  onIgnored?: (topic: Topic, key: string) => void;
  /**
   * Called before a topic is read again from its beginning, because it is not the one that was read: forget
   * what came of it.
   */
  onAnew?: (topic: Topic) => void;
  /** Called when `isWhole` has become true. */
  onWhole?: () => void;
  /** The broker answers when it has anything, or after this time. Default 500 ms. */
  maxWaitMs?: number;
}

/** A partition of a compacted topic, as far as it is known now. */
export interface FollowedPartition {
  topic: Topic;
  partition: number;
  /** Offset of the first record that it has. */
  from: number;
  /** Offset behind the last record that was delivered. */
  to: number;
  /** Whether the relay has said that it has every state. */
  isComplete: boolean;
}

export interface Followed {
  /** Resolves once everything has been delivered that was in the topics at the start. */
  caughtUp: Promise<void>;
  /** True when everything is delivered that was there when reading began, or began anew. */
  isCaughtUp(): boolean;
  /**
   * The same, and the relay has said that the compacted topics have every state: one that was emptied looks
   * like one that never had any. Stays true while a topic is followed.
   */
  isWhole(): boolean;
  /** Of the compacted topics. */
  partitions(): FollowedPartition[];
  /** For how long it is unknown whether what was read is what the topics have. */
  ageMs(): number;
  /**
   * Rejects when following cannot go on (not for a broker that is away: that is waited for): what was read
   * grows old from then on. Never resolves.
   */
  failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * Reads whole topics from their beginning and goes on following them: the way to keep a table
 * in memory. Commits nothing, so every process sees every record. Reconnects by itself, and reads a topic
 * anew that is not the one that it has read.
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
      ...{ config, options, places, questions, consumer, names },
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
    // A group of one: kafkajs has no consumer without a group. Nothing is committed, so the broker forgets
    // it.
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

/** Moves on also over what has no record to deliver: markers of transactions, gaps that compaction left. */
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
  /** Called when the log ends before what was read of it. */
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
      // A consumer that starts anew may read again what was delivered: an old state must not come back to
      // life.
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
          `A record of ${topic} could not be applied and is passed over`,
        );
      }
      place.newestMs = Math.max(place.newestMs, record.timestamp);
      places.advance(place, BigInt(offset) + 1n);
    }
    place.known ??= { next: place.next, newestMs: place.newestMs };
  };
}

/** What was said of another log, and came into this one when that was remade, says nothing. */
function noteComplete(place: Place, { offset, value }: IncomingRecord): void {
  const complete = value && (JSON.parse(value.toString()) as Completeness);
  place.complete = complete && BigInt(complete.to) <= BigInt(offset) ? complete : null;
}

interface Lateness {
  /**
   * Tells whether a later record of the same key was seen: an old one that somebody has written again, or one
   * that a relay sent twice, must not take back what came behind it. Remembers a number for each key, deleted
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

/** A new consumer goes on where the last one was, so that a lost connection does not cost a full read. */
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
    // It is being started, and its group is new: it begins there by itself.
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
