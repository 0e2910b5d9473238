import Type, { type Static } from "typebox";
import { PackageId } from "./apps.ts";
import { Nullable, Timestamp, Uuid } from "./formats.ts";

/**
 * Limits of the telemetry contract. Each is documented in the OpenAPI document and named in the problem it
 * causes.
 */
export const telemetryLimits = {
  /**
   * Bytes of a request body as sent, compressed or not.
   * @limit a telemetry body as it is sent
   */
  bodyBytesMax: 1_048_576,
  /**
   * Bytes of a request body after inflating.
   * @limit a telemetry body after inflating
   */
  inflatedBytesMax: 5_242_880,
  /** @limit events of a batch */
  eventsPerBatchMax: 1000,
  discardedReasonsMax: 20,
  /**
   * Bytes of one event as JSON.
   * @limit an event
   */
  eventBytesMax: 32_768,
  /** @limit properties of an event */
  propertiesPerEventMax: 64,
  /**
   * Code points, as JSON Schema's maxLength counts them. All lengths here are counted so.
   * @limit characters of the name of an event
   */
  nameLengthMax: 100,
  /** @limit characters of the key of a property */
  propertyKeyLengthMax: 64,
  /** @limit characters of a string in properties */
  propertyStringLengthMax: 1024,
  /**
   * The greatest age of an event when it arrives.
   * @limit age of an event
   */
  eventAgeDaysMax: 30,
  /**
   * The furthest that an event may be ahead of our clock.
   * @limit an event ahead of our clock
   */
  eventAheadHoursMax: 23,
  /** A client clock that is further off than this is corrected. */
  clockSkewMsMax: 120_000,
} as const;

/** Kinds of events, with the numbers of the ClickHouse Enum8. */
export const eventKinds = { event: 1, screen: 2, perf: 3, error: 4, crash: 5 } as const;
export type EventKind = keyof typeof eventKinds;

/** Time of an event: RFC 3339 text, or milliseconds since 1970 UTC. */
export const EventTime = Type.Union([Type.String({ maxLength: 40 }), Type.Number()]);

/**
 * The context that all events of a batch share. Unknown fields are ignored, so that newer SDKs work with
 * older servers.
 */
export const BatchContext = Type.Object({
  install_id: Type.Optional(Uuid),
  version_code: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
  os: Type.Optional(Type.String({ maxLength: 100 })),
  os_version: Type.Optional(Type.String({ maxLength: 100 })),
  device_model: Type.Optional(Type.String({ maxLength: 100 })),
  locale: Type.Optional(Type.String({ maxLength: 100 })),
  country: Type.Optional(Type.String({ maxLength: 100 })),
  network: Type.Optional(Type.String({ maxLength: 100 })),
  mosis_version: Type.Optional(Type.String({ maxLength: 100 })),
});
export type BatchContext = Static<typeof BatchContext>;

/** One event. `properties` values are strings, finite numbers or booleans (stored as 0 and 1). */
export const TelemetryEvent = Type.Object(
  {
    event_id: Uuid,
    /** Must not have control characters: a NUL or a line break in a name is a bug of the sender. */
    name: Type.String({
      minLength: 1,
      maxLength: telemetryLimits.nameLengthMax,
      pattern: "^[^\\u0000-\\u001f\\u007f]*$",
    }),
    kind: Type.Optional(Type.Enum(Object.keys(eventKinds) as EventKind[])),
    time: EventTime,
    session_id: Type.Optional(Uuid),
    duration_ms: Type.Optional(Type.Number({ minimum: 0, maximum: 4_294_967_295 })),
    properties: Type.Optional(
      // A plain string as the key would become the pattern ^.*$, which does not check the values of keys with
      // a line break.
      Type.Record(Type.String({ pattern: "^" }), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
        maxProperties: telemetryLimits.propertiesPerEventMax,
        propertyNames: { type: "string", minLength: 1, maxLength: telemetryLimits.propertyKeyLengthMax },
      }),
    ),
  },
  { additionalProperties: false },
);
export type TelemetryEvent = Static<typeof TelemetryEvent>;

/**
 * Body of `POST /v1/telemetry/batches`, the envelope. Events are checked one by one, so that a bad event does
 * not cost the others.
 */
export const TelemetryBatch = Type.Object({
  batch_id: Uuid,
  /** Needed only with a key that serves several apps. */
  package_id: Type.Optional(PackageId),
  /**
   * The client's clock at the time of sending; set it again for every attempt. Without it no clock skew is
   * corrected.
   */
  sent_at: Type.Optional(EventTime),
  sdk: Type.Optional(
    Type.Object({ name: Type.String({ maxLength: 100 }), version: Type.String({ maxLength: 100 }) }),
  ),
  context: Type.Optional(BatchContext),
  /** Events that the client itself threw away before sending. */
  discarded: Type.Optional(
    Type.Array(
      Type.Object({
        reason: Type.String({ minLength: 1, maxLength: 100 }),
        count: Type.Integer({ minimum: 1, maximum: 4_294_967_295 }),
      }),
      { maxItems: telemetryLimits.discardedReasonsMax },
    ),
  ),
  events: Type.Array(Type.Unknown(), { maxItems: telemetryLimits.eventsPerBatchMax }),
});
export type TelemetryBatch = Omit<Static<typeof TelemetryBatch>, "events"> & { events: unknown[] };

/**
 * The header for each field of a batch when its body is NDJSON (`application/x-ndjson`, one event a line).
 * Ids and times are as in JSON without the quotes; the other three are JSON in ASCII.
 */
export const batchHeaders = {
  batch_id: "Mosis-Batch-Id",
  package_id: "Mosis-Package-Id",
  sent_at: "Mosis-Sent-At",
  sdk: "Mosis-Sdk",
  context: "Mosis-Context",
  discarded: "Mosis-Discarded",
} as const satisfies Record<Exclude<keyof TelemetryBatch, "events">, string>;

/** The closed list of per-event result codes: code → what it means and how to fix it. */
export const eventCodes = {
  json_invalid: "Send one event a line as JSON: a line break within an event ends its line.",
  not_an_object: "An event is a JSON object.",
  field_missing: "A required field is missing: send event_id, name and time.",
  field_unknown: "The field is not part of the contract: put your own fields into properties.",
  type_invalid: "The field has the wrong type.",
  uuid_invalid: "Send a UUID as 8-4-4-4-12 hexadecimal digits.",
  name_invalid: "Send a name of 1 to 100 characters without control characters.",
  kind_unknown: "Send one of event, screen, perf, error, crash, or leave kind out.",
  time_invalid: "Send RFC 3339 text or milliseconds since 1970.",
  time_too_old: "Events are accepted up to 30 days after they happened.",
  time_too_far_ahead:
    "Events are accepted up to 23 hours ahead of the server's clock: check the device clock.",
  duration_invalid: "Send milliseconds from 0 to 4294967295.",
  event_too_large: "Send at most 32768 bytes an event.",
  properties_too_many: "Send at most 64 properties an event.",
  property_key_invalid: "Send property keys of 1 to 64 characters.",
  property_value_invalid: "Send a string, a finite number or a boolean; flatten objects and arrays.",
  string_truncated: "The string was cut to 1024 characters; the event was kept.",
  clock_corrected:
    "The device clock was off by more than two minutes; the time was corrected and both are kept.",
  restricted: "Events like this are dropped by a restriction of the app: do not send it again.",
  sampled_out:
    "Only a share of the sessions is kept, and this is not one of them: use the sampling of the config.",
  quarantined: "Events like this are set aside by a restriction of the app: do not send it again.",
} as const;
export type EventCode = keyof typeof eventCodes;

/**
 * Codes of events that are not kept at all because of a restriction. Events with other codes are kept or
 * rejected.
 */
export const droppedCodes: ReadonlySet<EventCode> = new Set(["restricted", "sampled_out"] as const);

/**
 * The result of an event that is not plainly accepted. `warning`: it was kept; `drop`: it was not kept;
 * `retry`: send it again. `pointer` (RFC 6901) is relative to the event; "" is the event itself.
 * `clock_corrected` applies to the whole batch and is reported once, at its first accepted event.
 */
export const EventResult = Type.Object({
  index: Type.Integer(),
  event_id: Nullable(Type.String()),
  result: Type.Enum(["warning", "drop", "retry"]),
  code: Type.String(),
  pointer: Type.String(),
  fix: Type.String(),
});
export type EventResult = Static<typeof EventResult>;

/**
 * The 202 answer, sent after all in-sync replicas have the events, and the 200 answer of `:validate`, which
 * stores nothing. Accepted, rejected and dropped add up to all events sent: a rejected event is kept with its
 * reason, a dropped one is not kept. `results` has only events that are not ok.
 */
export const BatchAccepted = Type.Object({
  batch_id: Uuid,
  received_at: Timestamp,
  accepted: Type.Integer(),
  rejected: Type.Integer(),
  dropped: Type.Integer(),
  results: Type.Array(EventResult),
});
export type BatchAccepted = Static<typeof BatchAccepted>;

/**
 * Answer of `GET /v1/telemetry/batches/{batch_id}`. Counts are sums over all stored deliveries of the batch
 * id. `in_flight`: none of it is stored, but it may be on its way; the counts are 0 and the other fields
 * null. `dead_lettered`: events of a delivery may be missing. `stored_at` is the time when the last delivery
 * was stored.
 */
export const Receipt = Type.Object({
  batch_id: Uuid,
  /** The app's package id; null while it is not known. */
  package_id: Nullable(Type.String()),
  state: Type.Enum(["in_flight", "stored", "dead_lettered"]),
  deliveries: Type.Integer(),
  accepted: Type.Integer(),
  rejected: Type.Integer(),
  dropped: Type.Integer(),
  first_received_at: Nullable(Timestamp),
  stored_at: Nullable(Timestamp),
});
export type Receipt = Static<typeof Receipt>;

const Count = Type.Integer({ minimum: 0 });
const Rate = Type.Number({ minimum: 0, maximum: 1 });

/**
 * Answer of `GET /v1/telemetry/config`: what an SDK should do unless its app configures it. SDKs ignore
 * fields they do not know, and keep the last answer while they cannot get another.
 */
export const TelemetryConfig = Type.Object({
  /** An SDK sends a batch as soon as it reaches one of these. */
  batch: Type.Object({ events_max: Count, bytes_max: Count, age_ms_max: Count }),
  /**
   * Share of the sessions whose events are sent: 1 is all, 0 is none. `by_name` is the share for events of
   * that name, instead of `rate`. It is drawn once a session, so that the events of a session have no holes:
   * send an event when `shareOf(session_id)` is below the rate. Without a session use the install id, without
   * both the event id. Ingest draws in the same way, so exactly the events that a restriction would drop are
   * not sent.
   */
  sampling: Type.Object({ rate: Rate, by_name: Type.Record(Type.String(), Rate) }),
  /** Events beyond these limits are refused. Only property strings are cut, and only clocks are corrected. */
  limits: Type.Object({
    body_bytes_max: Count,
    inflated_bytes_max: Count,
    events_per_batch_max: Count,
    discarded_reasons_max: Count,
    event_bytes_max: Count,
    properties_per_event_max: Count,
    name_length_max: Count,
    property_key_length_max: Count,
    property_string_length_max: Count,
    event_age_days_max: Count,
    event_ahead_hours_max: Count,
    clock_skew_ms_max: Count,
  }),
});
export type TelemetryConfig = Static<typeof TelemetryConfig>;
