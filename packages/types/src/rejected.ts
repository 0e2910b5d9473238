import Type, { type Static } from "typebox";
import { Label, Nullable, Timestamp, Uuid } from "./formats.ts";
import { PageQuery } from "./pages.ts";

export const replayLimits = {
  /**
   * Events that one call replays.
   * @limit events of a replay
   */
  eventsMax: 1000,
} as const;

const code = Type.Optional(Label(100));

/** Query string of `GET /v1/apps/{package_id}/telemetry/rejected`. An omitted field does not filter. */
export const RejectedQuery = Type.Object(
  {
    ...PageQuery.properties,
    /** Start of the range of `received_at`, inclusive. */
    from: Type.Optional(Timestamp),
    /** End of the range, exclusive. */
    to: Type.Optional(Timestamp),
    code,
    /** True returns only events that a replay has accepted, false (the default) only the others. */
    replayed: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type RejectedQuery = Static<typeof RejectedQuery>;

/** An event that was refused. It is kept for 30 days; delivery id and index identify it. */
export const RejectedEvent = Type.Object({
  received_at: Timestamp,
  batch_id: Uuid,
  delivery_id: Uuid,
  /** Position in the batch, from 0. */
  index: Type.Integer(),
  /** The event id as sent. Null when it was not text. */
  event_id: Nullable(Type.String()),
  code: Type.String(),
  /** JSON pointer (RFC 6901) relative to the event. */
  pointer: Type.String(),
  fix: Type.String(),
  /** The event as JSON, or the line as sent when it was not JSON; cut to 32 KiB. */
  raw: Type.String(),
  /** The batch's context, which applies to all its events. */
  context: Type.Record(Type.String(), Type.Unknown()),
  /** The time of its replay; null when it was not replayed. */
  replayed_at: Nullable(Timestamp),
});
export type RejectedEvent = Static<typeof RejectedEvent>;

/**
 * A number of a patch. A larger integer would lose digits: send it as a string, which is how it is stored.
 */
const PatchNumber = Type.Number({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
const Scalar = Type.Union([Type.String(), PatchNumber, Type.Boolean(), Type.Null()]);

/** The example omits the cursor, because only a previous answer has one. */
const replayExample = {
  from: "2026-11-25T00:00:00.000Z",
  to: "2026-11-26T00:00:00.000Z",
  code: "property_value_invalid",
  event_name: "level_complete",
  limit: 1000,
  patch: { properties: { score: null } },
  dry_run: true,
};

/** Body of `POST /v1/apps/{package_id}/telemetry/rejected:replay`. */
export const Replay = Type.Object(
  {
    /** Start of the range of `received_at`, inclusive. */
    from: Timestamp,
    /** End of the range, exclusive. */
    to: Timestamp,
    code,
    /** Only events with this name. */
    event_name: Type.Optional(Type.String({ maxLength: 100 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: replayLimits.eventsMax })),
    /** `next_cursor` of the previous call, with the same filters. */
    cursor: Type.Optional(Type.String({ maxLength: 512 })),
    /** JSON Merge Patch (RFC 7396) for every event, no deeper than an event is. Null removes a field. */
    patch: Type.Optional(
      Type.Record(Type.String(), Type.Union([Scalar, Type.Record(Type.String(), Scalar)])),
    ),
    /** True only reports the result and stores nothing. */
    dry_run: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, examples: [replayExample] },
);
export type Replay = Static<typeof Replay>;

/** An event that a replay has refused again, with its reason now. It stays among the rejected events. */
export const ReplayResult = Type.Pick(RejectedEvent, [
  "received_at",
  "batch_id",
  "delivery_id",
  "index",
  "event_id",
  "code",
  "pointer",
  "fix",
]);
export type ReplayResult = Static<typeof ReplayResult>;

/**
 * Answer of a replay, sent after all in-sync replicas have the accepted events: 202, or 200 for a dry run.
 * `accepted` + `rejected` is the number of events looked at, oldest first.
 */
export const Replayed = Type.Object({
  accepted: Type.Integer(),
  rejected: Type.Integer(),
  /** Matching events after these. */
  remaining: Type.Integer(),
  /** The cursor for the next call; null when no matching events remain. */
  next_cursor: Nullable(Type.String()),
  results: Type.Array(ReplayResult),
});
export type Replayed = Static<typeof Replayed>;
