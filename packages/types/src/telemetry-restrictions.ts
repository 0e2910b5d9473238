import Type, { type Static } from "typebox";
import { PackageId } from "./apps.ts";
import { Label, Nullable, Timestamp, Uuid } from "./formats.ts";

/**
 * The effect of a restriction on an event. `drop`: it is not kept. `sample`: it is kept when its share, drawn
 * once for a session (`shareOf`), is below `rate`. `quarantine`: it is kept among the rejected events and can
 * be replayed. When several restrictions match an event, the first of drop, quarantine, sample applies, and
 * among samples the smallest rate.
 */
export const RestrictionAction = Type.Enum(["drop", "sample", "quarantine"]);
export type RestrictionAction = Static<typeof RestrictionAction>;

const Rate = Type.Number({ minimum: 0, maximum: 1 });
/** The same rule as in an event: no control characters. */
const EventName = Label(100);

/**
 * Body of `POST /v1/telemetry-restrictions`. It applies to events that match everything it names: at least
 * one of app, key and event name. Only `sample` has a `rate`.
 */
export const NewRestriction = Type.Object(
  {
    package_id: Type.Optional(PackageId),
    key_id: Type.Optional(Uuid),
    event_name: Type.Optional(EventName),
    action: RestrictionAction,
    rate: Type.Optional(Rate),
    /** Text for people: why, and until when. */
    reason: Label(500),
    /** The end of the restriction. When it is null or omitted, the restriction applies until it is lifted. */
    expires_at: Type.Optional(Timestamp),
  },
  {
    additionalProperties: false,
    examples: [
      { package_id: "org.mosis.chess", event_name: "level_complete", action: "drop", reason: "Too many." },
    ],
  },
);
export type NewRestriction = Static<typeof NewRestriction>;

/** A restriction as its developer and admins see it. `created_by` is a developer id. */
export const Restriction = Type.Object({
  id: Uuid,
  /** The developer whose apps it applies to; null for every app of the platform. */
  developer_id: Nullable(Uuid),
  app_id: Nullable(Uuid),
  package_id: Nullable(Type.String()),
  key_id: Nullable(Uuid),
  event_name: Nullable(Type.String()),
  action: RestrictionAction,
  rate: Nullable(Rate),
  reason: Type.String(),
  created_by: Uuid,
  created_at: Timestamp,
  expires_at: Nullable(Timestamp),
});
export type Restriction = Static<typeof Restriction>;

/**
 * Value of a `catalog.restrictions` record: what ingest has to know. A null field does not narrow it; a null
 * `developer_id` means every developer.
 */
export const RestrictionState = Type.Object({
  restriction_id: Uuid,
  developer_id: Nullable(Uuid),
  app_id: Nullable(Uuid),
  key_id: Nullable(Uuid),
  event_name: Nullable(Type.String()),
  action: RestrictionAction,
  rate: Nullable(Rate),
  expires_at: Nullable(Timestamp),
});
export type RestrictionState = Static<typeof RestrictionState>;
