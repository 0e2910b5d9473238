// Every Kafka topic of the platform: names, record keys and headers. infra/kafka/topics.json has partitions
// and retention.

/** Topic names without the prefix that tests and shared clusters may put in front (`KAFKA_TOPIC_PREFIX`). */
export const topics = {
  /**
   * Native blocks of accepted events, with any key. A flush is a run of records in one partition (see
   * `recordHeaders`).
   */
  events: "telemetry.events",
  /** Native blocks of rejected events. */
  rejected: "telemetry.rejected",
  /** Records that the writer could not store, unchanged, with the reason in their headers. */
  deadLetters: "telemetry.dead-letters",
  /**
   * One `AuditEvent` as JSON a record. The key is the developer id, so that a developer's order is a
   * partition's order.
   */
  audit: "audit.events",
  /**
   * Compacted: the current `AppState` as JSON, keyed by app id. A record without a value is a deleted app.
   */
  apps: "catalog.apps",
  /**
   * Compacted: the current `KeyState` as JSON, keyed by key id. A record without a value is a deleted key.
   */
  keys: "catalog.keys",
  /**
   * Compacted: the current `RestrictionState` as JSON, keyed by restriction id. A record without a value is a
   * lifted restriction.
   */
  restrictions: "catalog.restrictions",
  /**
   * One `UsageRecord` as JSON a record, keyed by ingest process: the events of each app it has accepted since
   * its last record. Kept a bit over a day.
   */
  usage: "telemetry.usage",
  /**
   * One `KeyUseRecord` as JSON a record, without a key: the keys that were used. The relay brings it to the
   * catalog.
   */
  keyUses: "telemetry.key-uses",
  /**
   * One `ErasureRequest` as JSON a record, keyed by erasure id. It has one partition, so that only one writer
   * reads it and deletes.
   */
  erasures: "telemetry.erasures",
} as const;

export type Topic = (typeof topics)[keyof typeof topics];

/**
 * Header names of `telemetry.events` and `telemetry.rejected` records. Values are UTF-8 text unless noted.
 */
export const recordHeaders = {
  /** Version of the block format: "1". A writer dead-letters a version that it does not know. */
  format: "format",
  /** Rows in the block of the record's value, decimal. */
  rows: "rows",
  /**
   * Month of the rows as `YYYYMM` by the client's clock, or "0" for rows outside the last, the running and
   * the next month. Absent on rejected blocks.
   */
  month: "month",
  /**
   * Binary: a Native block of `ingest_batches` rows. It is only on the last record of a flush, so that its
   * row proves its events.
   */
  batches: "batches",
  /**
   * Binary, beside `batches`: a Native block of `outcomes` rows. Absent when all events were plainly
   * accepted.
   */
  outcomes: "outcomes",
  /**
   * Binary, beside `batches`: a Native block of `replayed_events` rows. Present only on flushes of a replay.
   */
  replayed: "replayed",
  /**
   * "1" on every record that a replay sends: its rows were received before, so an install of theirs may have
   * been erased since, and the writer leaves those out.
   */
  fromReplay: "from-replay",
} as const;

/** Version of the block format that `ingest` writes. */
export const blockFormat = "1";

/**
 * The topics that the relay publishes. Every record is signed and every reader checks the signature, because
 * these topics decide who may do what, and what is deleted.
 */
const outboxTopics: ReadonlySet<Topic> = new Set([
  topics.audit,
  topics.apps,
  topics.keys,
  topics.restrictions,
  topics.erasures,
]);

/** The compacted topics among them: the last record of a key is a state. */
export const stateTopics = [topics.apps, topics.keys, topics.restrictions] as const;
export type StateTopic = (typeof stateTopics)[number];

/**
 * Key of the one record in each partition of a compacted topic that is not a state: a `Completeness` as JSON.
 * The relay writes it after the states.
 */
export const completenessKey = "complete";

/**
 * Declares that the records of a partition from an offset up to this one contain every state. A reader that
 * finds no such record, or a log that begins after that offset, knows that something is missing. Otherwise a
 * topic that never had a state would look like one whose records were lost.
 */
export interface Completeness {
  from: number;
  /** The end of the log at that time, or before. A record that lies before it was meant for another log. */
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
   * Text: the row's place in the outbox, decimal. The later of two changes of a developer has the larger one.
   * For a record key the last position counts.
   */
  position: "position",
  /** Text: the id of the key that made the signature. */
  signingKey: "signing-key",
  /**
   * Binary: an Ed25519 signature (64 bytes), the record's place among those signed together (1 byte), and its
   * path to their root (32 bytes a step). It covers topic, key, position and value, also when one is absent.
   */
  signature: "signature",
} as const;

/**
 * Headers that a dead letter has beside its own. Its key, value and other headers are those of the original
 * record, so that it can be sent again.
 */
export const deadLetterHeaders = {
  topic: "dead-letter-topic",
  partition: "dead-letter-partition",
  offset: "dead-letter-offset",
  /**
   * The reason in one word: one of ours (`format_unknown`) or ClickHouse's error type in lower case
   * (`incorrect_data`).
   */
  code: "dead-letter-code",
  /** The reason for a person, at most 1000 characters. */
  detail: "dead-letter-detail",
} as const;
