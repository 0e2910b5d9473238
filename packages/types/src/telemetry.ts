import Type, { type Static } from "typebox";
import { PackageId } from "./apps.ts";
import { Nullable, Timestamp, Uuid } from "./formats.ts";

/**
 * Limits of the telemetry contract. Every one is told in the OpenAPI document and in the problem it causes.
 */
export const telemetryLimits = {
  /** Bytes of a request body as sent, compressed or not. */
  bodyBytesMax: 1_048_576,
  /** Bytes of a request body after inflating. */
  inflatedBytesMax: 5_242_880,
  eventsPerBatchMax: 1000,
  discardedReasonsMax: 20,
  /** Bytes of one event as JSON. */
  eventBytesMax: 32_768,
  propertiesPerEventMax: 64,
  /** Code points, as JSON Schema's maxLength counts them; so are all lengths here. */
  nameLengthMax: 100,
  propertyKeyLengthMax: 64,
  propertyStringLengthMax: 1024,
  /** How old an event may be when it arrives. */
  eventAgeDaysMax: 30,
  /** How far ahead of our clock an event may be. */
  eventAheadHoursMax: 23,
  /** A client clock further off than this is corrected. */
  clockSkewMsMax: 120_000,
} as const;

/** Kinds of events, with the numbers of the ClickHouse Enum8. */
export const eventKinds = { event: 1, screen: 2, perf: 3, error: 4, crash: 5 } as const;
export type EventKind = keyof typeof eventKinds;

/** Time of an event: RFC 3339 text or milliseconds since 1970 UTC. */
export const EventTime = Type.Union([Type.String({ maxLength: 40 }), Type.Number()]);

/**
 * What all events of a batch share. Unknown fields of a context are
 * ignored, so that newer SDKs work on older servers.
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
    /** No control characters: a NUL or a line break in a name is a bug of the sender. */
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
      // A plain string as the key would be the pattern ^.*$, which leaves values of keys with a line break
      // unchecked.
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
 * Body of `POST /v1/telemetry/batches`, the envelope: events are checked
 * one by one, so that one bad event costs itself.
 */
export const TelemetryBatch = Type.Object({
  batch_id: Uuid,
  /** Needed only with a key that serves several apps. */
  package_id: Type.Optional(PackageId),
  /**
   * The client's clock when it sent the batch; without it no clock skew is corrected. Fresh at every attempt.
   */
  sent_at: Type.Optional(EventTime),
  sdk: Type.Optional(
    Type.Object({ name: Type.String({ maxLength: 100 }), version: Type.String({ maxLength: 100 }) }),
  ),
  context: Type.Optional(BatchContext),
  /** What the client itself had to throw away before sending. */
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
 * The header of each field of a batch when its body is NDJSON (`application/x-ndjson`, one event a line).
 * Ids and times are as in JSON without the quotes, the other three are JSON in ASCII.
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
  time_too_old: "Events are taken up to 30 days after they happened.",
  time_too_far_ahead: "Events are taken up to 23 hours ahead of the server's clock: check the device clock.",
  duration_invalid: "Send milliseconds from 0 to 4294967295.",
  event_too_large: "Send at most 32768 bytes an event.",
  properties_too_many: "Send at most 64 properties an event.",
  property_key_invalid: "Send property keys of 1 to 64 characters.",
  property_value_invalid: "Send a string, a finite number or a boolean; flatten objects and arrays.",
  string_truncated: "The string was cut to 1024 characters; the event was kept.",
  clock_corrected:
    "The device clock was off by more than two minutes; the time was corrected and both are kept.",
  restricted: "Events like this are dropped by a restriction of the app: do not send it again.",
  sampled_out: "A share of the sessions is kept, and this is none of them: go by the sampling of the config.",
  quarantined: "Events like this are set aside by a restriction of the app: do not send it again.",
} as const;
export type EventCode = keyof typeof eventCodes;

/**
 * Codes of events that are not kept at all because a restriction says so; all others are kept or rejected.
 */
export const droppedCodes: ReadonlySet<EventCode> = new Set(["restricted", "sampled_out"] as const);

/**
 * What happened to one event that is not plainly accepted: `warning` kept
 * it, `drop` did not, `retry` asks to send it again. `pointer` (RFC 6901) is relative to the event, "" the
 * event itself. `clock_corrected` holds for a whole batch and is told once, at its first accepted event.
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
 * stores nothing. Accepted, rejected and dropped events are all that were sent: a rejected one is kept with
 * its reason, a dropped one is not kept. `results` holds only what is not ok.
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
 * id. `in_flight`: nothing of it is stored, but it may be on its way; the counts are 0 and the rest is null.
 * `dead_lettered`: events of a delivery may be missing. `stored_at` is when the last delivery was stored.
 */
export const Receipt = Type.Object({
  batch_id: Uuid,
  /** Null: not known yet. */
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
 * Answer of `GET /v1/telemetry/config`: what an SDK should do that has no orders of its own. SDKs ignore
 * fields they do not know, and keep the last answer while they cannot get another.
 */
export const TelemetryConfig = Type.Object({
  /** A batch is sent as soon as it reaches one of these. */
  batch: Type.Object({ events_max: Count, bytes_max: Count, age_ms_max: Count }),
  /**
   * Share of the sessions whose events are sent: 1 is all, 0 none. `by_name` is the share for events of that
   * name, instead of `rate`. Drawn once a session, so that what is sent of it has no holes: send what has
   * `shareOf(session_id)` below the rate, without a session that of the install, without both of the event.
   * Ingest draws the same, so what a restriction would drop is what is not sent.
   */
  sampling: Type.Object({ rate: Rate, by_name: Type.Record(Type.String(), Rate) }),
  /** What is beyond them is refused; only property strings are cut, and clocks corrected. */
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
