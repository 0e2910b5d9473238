import Type, { type Static } from "typebox";

/**
 * Value of a `telemetry.usage` record: events that one ingest process has taken since its last record. The
 * same record may be there twice; `sequence` counts up within the process, so that it counts once.
 */
export const UsageRecord = Type.Object({
  sequence: Type.Integer({ minimum: 1 }),
  /** Of UTC, days since 1970. */
  day: Type.Integer({ minimum: 0 }),
  /** App id → events. Negative when more was given back than taken: flushes that failed. */
  events: Type.Record(Type.String(), Type.Integer()),
});
export type UsageRecord = Static<typeof UsageRecord>;
