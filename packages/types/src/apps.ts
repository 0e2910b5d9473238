import Type, { type Static } from "typebox";
import { Label, Timestamp, Uuid } from "./formats.ts";
import { TelemetryDays } from "./retention.ts";
import { EventsPerDay, EventsPerSecond } from "./telemetry-limits.ts";

/** Reverse-DNS name, e.g. `org.mosis.chess`. Unique in the store and never reused. */
export const PackageId = Type.String({
  pattern: "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+$",
  maxLength: 128,
});

/** Body of `POST /v1/apps`. Unknown fields are refused: a typo must be a 400, not a silent no-op. */
export const NewApp = Type.Object(
  {
    package_id: PackageId,
    name: Label(100),
    description: Type.Optional(Type.String({ maxLength: 10_000, pattern: "^[^\\u0000]*$" })),
    category: Type.Optional(Label(50)),
    tags: Type.Optional(Type.Array(Label(50), { maxItems: 20 })),
  },
  { additionalProperties: false },
);
export type NewApp = Static<typeof NewApp>;

/** An app as its developer sees it. `status` may gain values. */
export const App = Type.Object({
  id: Uuid,
  package_id: Type.String(),
  name: Type.String(),
  description: Type.Union([Type.String(), Type.Null()]),
  category: Type.Union([Type.String(), Type.Null()]),
  tags: Type.Array(Type.String()),
  status: Type.String(),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type App = Static<typeof App>;

/**
 * Value of a `catalog.apps` record: what telemetry has to know of an app. Records from before there were
 * limits, or a retention, have none: the defaults hold.
 */
export const AppState = Type.Object({
  app_id: Uuid,
  developer_id: Uuid,
  package_id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  updated_at: Timestamp,
  telemetry_events_per_day: Type.Optional(EventsPerDay),
  telemetry_events_per_second: Type.Optional(EventsPerSecond),
  telemetry_days: Type.Optional(TelemetryDays),
});
export type AppState = Static<typeof AppState>;
