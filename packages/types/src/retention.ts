import Type, { type Static } from "typebox";

/** Days that events of an app are kept and shown, unless its developer changes it. */
export const retentionDefaults = { telemetry_days: 180 } as const;

/** Days of 24 hours, counted from the event time. */
export const TelemetryDays = Type.Integer({ minimum: 1, maximum: 730 });

/** Answer of `GET /v1/apps/{package_id}/retention`: how long events of the app are kept. */
export const Retention = Type.Object({ telemetry_days: TelemetryDays });
export type Retention = Static<typeof Retention>;

/** Body of `PATCH /v1/apps/{package_id}/retention`. */
export const RetentionChange = Type.Object(
  { telemetry_days: TelemetryDays },
  { additionalProperties: false },
);
export type RetentionChange = Static<typeof RetentionChange>;
