import Type, { type Static } from "typebox";
import { Label, Nullable, Timestamp, Uuid } from "./formats.ts";
import { PageQuery } from "./pages.ts";

export const replayLimits = {
  /** Events of one call. */
  eventsMax: 1000,
} as const;

const code = Type.Optional(Label(100));

/** Query string of `GET /v1/apps/{package_id}/telemetry/rejected`. What is left out does not filter. */
export const RejectedQuery = Type.Object(
  {
    ...PageQuery.properties,
    /** When it was received, inclusive. */
    from: Type.Optional(Timestamp),
    /** Exclusive. */
    to: Type.Optional(Timestamp),
    code,
    /** True: those that a replay has taken, and no others. Default false: those that none has. */
    replayed: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type RejectedQuery = Static<typeof RejectedQuery>;

/** An event that was refused, kept 30 days; delivery id and index name it. */
export const RejectedEvent = Type.Object({
  received_at: Timestamp,
  batch_id: Uuid,
  delivery_id: Uuid,
  /** Position in the batch, from 0. */
  index: Type.Integer(),
  /** As sent; null when it was no text. */
  event_id: Nullable(Type.String()),
  code: Type.String(),
  /** RFC 6901, relative to the event. */
  pointer: Type.String(),
  fix: Type.String(),
  /** The event as JSON, or the line that was none; cut to 32 KiB. */
  raw: Type.String(),
  /** What the batch said of all its events. */
  context: Type.Record(Type.String(), Type.Unknown()),
  /** Null: not replayed. */
  replayed_at: Nullable(Timestamp),
});
export type RejectedEvent = Static<typeof RejectedEvent>;

/** A larger integer would become another one: send its digits as a string, which is how they are stored. */
const PatchNumber = Type.Number({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
const Scalar = Type.Union([Type.String(), PatchNumber, Type.Boolean(), Type.Null()]);

/** Without a cursor, which only a former answer has. */
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
    /** When it was received, inclusive. */
    from: Timestamp,
    /** Exclusive. */
    to: Timestamp,
    code,
    /** Events of this name alone. */
    event_name: Type.Optional(Type.String({ maxLength: 100 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: replayLimits.eventsMax })),
    /** `next_cursor` of the call before, with the same filters. */
    cursor: Type.Optional(Type.String({ maxLength: 512 })),
    /** JSON Merge Patch (RFC 7396) for every event, no deeper than an event is: null takes a field away. */
    patch: Type.Optional(
      Type.Record(Type.String(), Type.Union([Scalar, Type.Record(Type.String(), Scalar)])),
    ),
    /** True: only tell what would become of them. */
    dry_run: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, examples: [replayExample] },
);
export type Replay = Static<typeof Replay>;

/** An event that a replay has refused again, with the reason it has now. It stays where it was. */
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
 * Answer of a replay, after all in-sync replicas have the accepted events: 202, or 200 for a dry run.
 * `accepted` + `rejected` are the events that were looked at, from old to new.
 */
export const Replayed = Type.Object({
  accepted: Type.Integer(),
  rejected: Type.Integer(),
  /** Events behind these that match, too. */
  remaining: Type.Integer(),
  /** Null when there are none. */
  next_cursor: Nullable(Type.String()),
  results: Type.Array(ReplayResult),
});
export type Replayed = Static<typeof Replayed>;
