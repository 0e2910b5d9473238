// The columns that ingest writes and ClickHouse stores, name → ClickHouse type, in the order of the wire.
// Tables are named `<name>_raw` (ReplacingMergeTree). People read the view `<name>`, which has one row an
// event.

const text = "LowCardinality(String)";
/**
 * The type on the wire. A block has few different ids, so an index takes the place of 16 bytes. The table has
 * UUID.
 */
const uuids = "LowCardinality(UUID)";

/** The value of a UUID column where an id is not known. */
export const noUuid = "00000000-0000-0000-0000-000000000000";

/**
 * `events_raw`. Its identity is (app_id, session_id, client_time, event_key). It depends only on the event,
 * so that every delivery of an event becomes one row, whatever clock correction that delivery got.
 */
export const eventColumns = {
  app_id: uuids,
  /** Zero UUID when the event belongs to no session. */
  session_id: uuids,
  /** The event's time as the client sent it, even from a wrong clock. */
  client_time: "DateTime64(3, 'UTC')",
  /** 48 bits of the event id. */
  event_key: "UInt64",
  /**
   * Milliseconds added to `client_time` to get the event time; 0 unless the clock was off by more than two
   * minutes.
   */
  clock_correction_ms: "Int64",
  /**
   * received_at − client_time, so that the later of two deliveries has the larger value. Negative for clocks
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
  /** Duration in milliseconds; 0 when the event has none. */
  duration_ms: "UInt32",
  properties_string: "Map(LowCardinality(String), String)",
  /** Numbers, and booleans as 0 and 1. */
  properties_number: "Map(LowCardinality(String), Float64)",
} as const;

/**
 * `ingest_batches_raw`: one row for each delivery, that is an acknowledged HTTP request. A retried batch has
 * several.
 */
export const batchColumns = {
  app_id: "UUID",
  batch_id: "UUID",
  /** Random, one per HTTP request: a record that is written twice to ClickHouse is still one delivery. */
  delivery_id: "UUID",
  received_at: "DateTime64(3, 'UTC')",
  key_id: "UUID",
  accepted: "UInt32",
  rejected: "UInt32",
  /** Accepted events that carry a warning. */
  warned: "UInt32",
  /** Events that the client reports as thrown away before sending, for all reasons. */
  discarded: "UInt64",
  /** Size of the body as sent, before inflating. */
  body_bytes: "UInt32",
  clock_correction_ms: "Int64",
  sdk_name: text,
  sdk_version: text,
  /**
   * Events that a restriction dropped. It is the last column, because blocks from before restrictions existed
   * end without it.
   */
  dropped: "UInt32",
} as const;

/**
 * `outcomes_raw`: what became of a delivery beyond plain acceptance, one row for each outcome and reason. It
 * also has refused batches; their delivery id is the id of their count.
 */
export const outcomeColumns = {
  app_id: "UUID",
  /** Time of the delivery; for refused batches their minute. */
  received_at: "DateTime64(3, 'UTC')",
  delivery_id: "UUID",
  /** One of `outcomes`, except `accepted`, which is in `ingest_batches`. */
  outcome: text,
  reason: text,
  count: "UInt64",
} as const;

/** `replayed_events_raw`: marks a row of `rejected_events_raw` that a replay has accepted, by its key. */
export const replayedColumns = {
  app_id: "UUID",
  received_at: "DateTime64(3, 'UTC')",
  delivery_id: "UUID",
  index: "UInt32",
  replayed_at: "DateTime64(3, 'UTC')",
  /** The key of the caller who replayed it. */
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
  /** The event id as sent, or empty when it was not a string. */
  event_id: "String",
  code: text,
  pointer: "String",
  /** The event as JSON, cut to 32 KiB. */
  raw: "String",
  /** The batch's context, which applies to all its events, as JSON. A replay needs it. */
  context: text,
  clock_correction_ms: "Int64",
} as const;
