import Type, { type Static } from "typebox";
import { Timestamp } from "./formats.ts";

/**
 * The closed list of what becomes of telemetry: outcome → what is counted and what its reason is. For an app
 * and a time, received = accepted + rejected + dropped − replayed.
 */
export const outcomes = {
  accepted: "Events that were acknowledged as good. No reason.",
  rejected: "Events that were refused; the reason is the event's code.",
  dropped: "Good events that a restriction of the app does not keep; the reason is the restriction's.",
  replayed: "Rejected events that a replay took later: they are in rejected and in accepted.",
  refused: "Batches of which nothing was taken; the reason is the problem's code.",
  discarded: "Events that a client threw away before it sent them; the reason is the client's.",
  warned: "Accepted events that carry a warning; the reason is its code. They are in accepted.",
} as const;
export type OutcomeName = keyof typeof outcomes;

export const outcomeLimits = {
  /**
   * Buckets from the first to the last of an answer: a day of minutes, two months of hours or four years of
   * days.
   * @limit intervals of one answer with outcomes
   */
  bucketsMax: 1500,
  /**
   * Reasons of all buckets of one answer together.
   * @limit reasons of one answer with outcomes
   */
  rowsMax: 20_000,
} as const;

/** Query string of `GET /v1/apps/{package_id}/telemetry/outcomes`. */
export const OutcomesQuery = Type.Object(
  {
    /** Start of the range, inclusive. */
    from: Timestamp,
    /** End of the range, exclusive. */
    to: Timestamp,
    interval: Type.Enum(["minute", "hour", "day"]),
  },
  { additionalProperties: false },
);
export type OutcomesQuery = Static<typeof OutcomesQuery>;

const Count = Type.Number({ minimum: 0 });

/**
 * The outcomes of the telemetry of one bucket of time. `refused` counts batches, all other counts are events.
 * `warned` is part of `accepted`. An event may have two warnings, so the reasons of `warned` do not add up to
 * it.
 */
export const OutcomeBucket = Type.Object({
  /** Start of the bucket, UTC. */
  time: Timestamp,
  /** Always accepted + rejected + dropped − replayed. */
  received: Count,
  accepted: Count,
  rejected: Count,
  dropped: Count,
  replayed: Count,
  refused: Count,
  discarded: Count,
  warned: Count,
  reasons: Type.Array(
    Type.Object({
      outcome: Type.Enum(Object.keys(outcomes) as OutcomeName[]),
      reason: Type.String(),
      count: Count,
    }),
  ),
});
export type OutcomeBucket = Static<typeof OutcomeBucket>;

/** Answer of `GET /v1/apps/{package_id}/telemetry/outcomes`: the buckets that are not empty, oldest first. */
export const Outcomes = Type.Object({ data: Type.Array(OutcomeBucket) });
export type Outcomes = Static<typeof Outcomes>;
