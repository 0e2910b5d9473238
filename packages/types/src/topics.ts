// Every Kafka topic of the platform: names, record keys and headers.
// Partitions and retention: infra/kafka/topics.json.

/** Topic names without the prefix that tests and shared clusters may put in front (`KAFKA_TOPIC_PREFIX`). */
export const topics = {
  /**
   * Native blocks of accepted events, any key; a flush is a run of
   * records in one partition (see `recordHeaders`).
   */
  events: "telemetry.events",
  /** Native blocks of rejected events. */
  rejected: "telemetry.rejected",
  /** Records that the writer could not store, as they were, with the reason in their headers. */
  deadLetters: "telemetry.dead-letters",
  /**
   * One `AuditEvent` as JSON a record, key = developer id, so that a
   * developer's order is a partition's order.
   */
  audit: "audit.events",
  /** Compacted: the current `AppState` as JSON, key = app id; a record without a value is a deleted app. */
  apps: "catalog.apps",
  /** Compacted: the current `KeyState` as JSON, key = key id; a record without a value is a deleted key. */
  keys: "catalog.keys",
  /**
   * Compacted: the current `RestrictionState` as JSON, key = restriction id; a record without a value is one
   * that was lifted.
   */
  restrictions: "catalog.restrictions",
  /**
   * One `UsageRecord` as JSON a record, key = its ingest process: how many events of each app it has taken
   * since its last one. Kept a bit over a day.
   */
  usage: "telemetry.usage",
  /**
   * One `KeyUseRecord` as JSON a record, without a key: which keys were used. The relay takes it to the
   * catalog.
   */
  keyUses: "telemetry.key-uses",
  /**
   * One `ErasureRequest` as JSON a record, key = erasure id. One partition, so that one writer has it, and
   * with it the only one that deletes.
   */
  erasures: "telemetry.erasures",
} as const;

export type Topic = (typeof topics)[keyof typeof topics];

/**
 * Header names of `telemetry.events` and `telemetry.rejected` records.
 * Values are UTF-8 text unless said otherwise.
 */
export const recordHeaders = {
  /** Version of the block format: "1". A writer refuses (dead-letters) what it does not know. */
  format: "format",
  /** Rows in the block of the record's value, decimal. */
  rows: "rows",
  /** Month of the rows as `YYYYMM`, "0" for rows of wrong clocks; absent on rejected blocks. */
  month: "month",
  /**
   * Binary: a Native block of `ingest_batches` rows. Only on the last
   * record of a flush, so its row proves its events.
   */
  batches: "batches",
  /** Binary, beside `batches`: a Native block of `outcomes` rows. Absent when all was plainly accepted. */
  outcomes: "outcomes",
  /** Binary, beside `batches`: a Native block of `replayed_events` rows. Only on flushes of a replay. */
  replayed: "replayed",
} as const;

/** Version of the block format that `ingest` writes. */
export const blockFormat = "1";

/**
 * What the relay publishes. Every record is signed, and whoever reads one checks its signature: these
 * topics say who may do what, and what is deleted.
 */
const outboxTopics: ReadonlySet<Topic> = new Set([
  topics.audit,
  topics.apps,
  topics.keys,
  topics.restrictions,
  topics.erasures,
]);

/** Those of them that are compacted: the last record of a key is a state. */
export const stateTopics = [topics.apps, topics.keys, topics.restrictions] as const;
export type StateTopic = (typeof stateTopics)[number];

/**
 * Key of the one record of a partition of a compacted topic that is no state: a `Completeness` as JSON. The
 * relay writes it behind the states.
 */
export const completenessKey = "complete";

/**
 * Says that the records of a partition from an offset up to this one have every state that there was. A
 * reader that finds no such record, or a log that begins behind that offset, knows that something is missing:
 * a topic that never had a state looks like one whose records were lost.
 */
export interface Completeness {
  from: number;
  /** Where the log ended by then, or before. A record that lies before that was meant for another log. */
  to: number;
}

export function isStateTopic(topic: Topic): topic is StateTopic {
  return (stateTopics as readonly Topic[]).includes(topic);
}

export function isOutboxTopic(topic: Topic): boolean {
  return outboxTopics.has(topic);
}

/** Header names of the records that the relay publishes. */
export const outboxHeaders = {
  /**
   * Text: the row's place in the outbox, decimal. Of two changes of a developer the later one has the
   * larger. The last one of a record key holds.
   */
  position: "position",
  /** Text: the id of the key that made the signature. */
  signingKey: "signing-key",
  /**
   * Binary: an Ed25519 signature (64 bytes), the record's place among those that were signed together (1
   * byte), and its path to their root (32 bytes a step). It covers topic, key, position and value, also
   * their absence.
   */
  signature: "signature",
} as const;

/**
 * Headers that a dead letter has beside its own. Its key, value and other headers are those of the record
 * that was set aside, so that it can be sent again.
 */
export const deadLetterHeaders = {
  topic: "dead-letter-topic",
  partition: "dead-letter-partition",
  offset: "dead-letter-offset",
  /**
   * Why, in one word: one of ours (`format_unknown`) or ClickHouse's error type in lower case
   * (`incorrect_data`).
   */
  code: "dead-letter-code",
  /** Why, for a person; at most 1000 characters. */
  detail: "dead-letter-detail",
} as const;
