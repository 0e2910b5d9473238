import Type, { type Static } from "typebox";

/**
 * Value of a `telemetry.usage` record: events that one ingest process has accepted since its last record. A
 * record may be written twice; `sequence` counts up within the process, so that it counts once.
 */
export const UsageRecord = Type.Object({
  sequence: Type.Integer({ minimum: 1 }),
  /** The day in UTC, as days since 1970. */
  day: Type.Integer({ minimum: 0 }),
  /** App id → events. Negative when more events were given back than accepted, because flushes failed. */
  events: Type.Record(Type.String(), Type.Integer()),
});
export type UsageRecord = Static<typeof UsageRecord>;
