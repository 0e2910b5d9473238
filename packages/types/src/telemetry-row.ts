// The columns that ingest writes and ClickHouse stores, name → ClickHouse type, in the order of the wire.
// Tables are `<name>_raw` (ReplacingMergeTree); what people read is the view `<name>`, one row an event.

const text = "LowCardinality(String)";
/** On the wire: few different ones a block, so an index takes the place of 16 bytes. The table has UUID. */
const uuids = "LowCardinality(UUID)";

/** The value of a UUID column where an id is not known. */
export const noUuid = "00000000-0000-0000-0000-000000000000";

/**
 * `events_raw`. Identity is (app_id, session_id, client_time, event_key): a function of the event alone, so
 * that every delivery of an event falls onto one row, whatever clock correction that delivery got.
 */
export const eventColumns = {
  app_id: uuids,
  /** Zero UUID when the event belongs to no session. */
  session_id: uuids,
  /** The event's time as the client told it, wrong clocks included. */
  client_time: "DateTime64(3, 'UTC')",
  /** 48 bits of the event id. */
  event_key: "UInt64",
  /**
   * What was added to `client_time` to get the event time; 0 unless
   * the clock was off by more than two minutes.
   */
  clock_correction_ms: "Int64",
  /**
   * received_at − client_time, so that of two deliveries the later one has the larger; negative for clocks
   * that are ahead of ours.
   */
  received_delay_ms: "Int64",
  name: text,
  kind: "Enum8('event' = 1, 'screen' = 2, 'perf' = 3, 'error' = 4, 'crash' = 5)",
  install_id: uuids,
  version_code: "UInt32",
  os: text,
  os_version: text,
  device_model: text,
  locale: text,
  country: text,
  network: text,
  mosis_version: text,
  /** 0 when the event has no duration. */
  duration_ms: "UInt32",
  properties_string: "Map(LowCardinality(String), String)",
  /** Booleans are 0 and 1. */
  properties_number: "Map(LowCardinality(String), Float64)",
} as const;

/**
 * `ingest_batches_raw`: one row a delivery, that is an acknowledged
 * HTTP request; a retried batch has several.
 */
export const batchColumns = {
  app_id: "UUID",
  batch_id: "UUID",
  /** Random, one per HTTP request: a record written twice to ClickHouse is still one delivery. */
  delivery_id: "UUID",
  received_at: "DateTime64(3, 'UTC')",
  key_id: "UUID",
  accepted: "UInt32",
  rejected: "UInt32",
  /** Accepted events that carry a warning. */
  warned: "UInt32",
  /** Events the client says it had to throw away before sending, all reasons. */
  discarded: "UInt64",
  /** Body as sent, before inflating. */
  body_bytes: "UInt32",
  clock_correction_ms: "Int64",
  sdk_name: text,
  sdk_version: text,
  /** Events that a restriction dropped. Last: blocks from before there were restrictions end without it. */
  dropped: "UInt32",
} as const;

/**
 * `outcomes_raw`: what became of a delivery beyond plain acceptance, one row an outcome and reason; and
 * batches that were refused, whose delivery id is that of their count.
 */
export const outcomeColumns = {
  app_id: "UUID",
  /** Of the delivery; of refused batches the minute. */
  received_at: "DateTime64(3, 'UTC')",
  delivery_id: "UUID",
  /** One of `outcomes` but `accepted`, which is in `ingest_batches`. */
  outcome: text,
  reason: text,
  count: "UInt64",
} as const;

/** `replayed_events_raw`: marks a row of `rejected_events_raw` that a replay has taken, by its key. */
export const replayedColumns = {
  app_id: "UUID",
  received_at: "DateTime64(3, 'UTC')",
  delivery_id: "UUID",
  index: "UInt32",
  replayed_at: "DateTime64(3, 'UTC')",
  /** Of whoever replayed it. */
  key_id: "UUID",
} as const;

/** `rejected_events_raw`: one row an event that was refused, kept 30 days. */
export const rejectedColumns = {
  app_id: "UUID",
  received_at: "DateTime64(3, 'UTC')",
  batch_id: "UUID",
  delivery_id: "UUID",
  /** Position in the batch, from 0. */
  index: "UInt32",
  /** As sent, when it was a string; else empty. */
  event_id: "String",
  code: text,
  pointer: "String",
  /** The event as JSON, cut to 32 KiB. */
  raw: "String",
  /** What the batch says of all its events, as JSON: a replay needs it. */
  context: text,
  clock_correction_ms: "Int64",
} as const;
