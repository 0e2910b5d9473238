import Type, { type Static } from "typebox";

/**
 * Events that an app may send until an admin allows more. Twenty million a day are 1000 events from each of
 * 20 000 users; 5000 a second are 21 times their average, because traffic peaks in the evening.
 */
export const telemetryLimitDefaults = {
  telemetry_events_per_day: 20_000_000,
  telemetry_events_per_second: 5000,
} as const;

/** Events a day. A day is a day of UTC. */
export const EventsPerDay = Type.Integer({ minimum: 1, maximum: 1_000_000_000_000 });
/** Sustained events a second. A burst may have five seconds of it, and always a whole batch. */
export const EventsPerSecond = Type.Integer({ minimum: 1, maximum: 10_000_000 });

/**
 * Answer of `GET /v1/apps/{package_id}/telemetry-limits`: the number of events that ingest accepts from the
 * app.
 */
export const TelemetryLimits = Type.Object({
  telemetry_events_per_day: EventsPerDay,
  telemetry_events_per_second: EventsPerSecond,
});
export type TelemetryLimits = Static<typeof TelemetryLimits>;

/** Body of `PATCH /v1/apps/{package_id}/telemetry-limits`. Omitted fields stay. */
export const TelemetryLimitsChange = Type.Object(
  {
    telemetry_events_per_day: Type.Optional(EventsPerDay),
    telemetry_events_per_second: Type.Optional(EventsPerSecond),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type TelemetryLimitsChange = Static<typeof TelemetryLimitsChange>;
