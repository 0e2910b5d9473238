import Type, { type Static } from "typebox";
import { Label, Name, Nullable, Sha256Hex, Timestamp, Uuid } from "./formats.ts";
import { TelemetryDays } from "./retention.ts";
import { EventsPerDay, EventsPerSecond } from "./telemetry-limits.ts";

/** Reverse-DNS name, e.g. `org.mosis.chess`. Unique, and never reused once its app was published. */
export const PackageId = Type.String({
  pattern: "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+$",
  maxLength: 128,
});

/** Body of `POST /v1/apps`. Unknown fields are refused: a typo must be a 400, not a silent no-op. */
export const NewApp = Type.Object(
  {
    package_id: PackageId,
    name: Name(100),
    description: Type.Optional(Type.String({ maxLength: 10_000, pattern: "^[^\\u0000]*$" })),
    category: Type.Optional(Name(50)),
    tags: Type.Optional(Type.Array(Name(50), { maxItems: 20 })),
  },
  { additionalProperties: false },
);
export type NewApp = Static<typeof NewApp>;

/**
 * Body of `PATCH /v1/apps/{package_id}`. Omitted fields stay; null clears a field. After an app was approved,
 * a new name or category waits for a reviewer: see `pending_listing`.
 */
export const AppChange = Type.Object(
  {
    name: Type.Optional(NewApp.properties.name),
    description: Type.Optional(Nullable(NewApp.properties.description)),
    category: Type.Optional(Nullable(NewApp.properties.category)),
    tags: Type.Optional(NewApp.properties.tags),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type AppChange = Static<typeof AppChange>;

/** Body of `:suspend`. An admin has to say why. */
export const Suspension = Type.Object({ reason: Type.Optional(Label(500)) }, { additionalProperties: false });
export type Suspension = Static<typeof Suspension>;

/** Body of `:rotate-signing-key`: the fingerprint of an active signing key of the app's developer. */
export const SigningKeyRotation = Type.Object({ signing_key: Sha256Hex }, { additionalProperties: false });
export type SigningKeyRotation = Static<typeof SigningKeyRotation>;

export const AppStatus = Type.Enum(["draft", "published", "suspended"]);
export type AppStatus = Static<typeof AppStatus>;

/** The actions on an app. */
export const AppAction = Type.Enum([
  ...(["change", "delete", "publish", "suspend", "restore", "rotate-signing-key"] as const),
]);
export type AppAction = Static<typeof AppAction>;

/** A name and a category that wait for a reviewer. */
export const PendingListing = Type.Object({
  id: Uuid,
  name: Type.String(),
  category: Nullable(Type.String()),
  submitted_at: Timestamp,
});
export type PendingListing = Static<typeof PendingListing>;

/** An app as its developer sees it. `status` may gain values. */
export const App = Type.Object({
  id: Uuid,
  package_id: Type.String(),
  name: Type.String(),
  description: Nullable(Type.String()),
  category: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  status: AppStatus,
  /**
   * The party that suspended the app; null unless it is suspended. Only an admin can restore an app that an
   * admin has suspended.
   */
  suspended_by: Nullable(Type.Enum(["developer", "admin"])),
  suspend_reason: Nullable(Type.String()),
  /** Fingerprint of the key that must sign the next version. Null until a version was published. */
  signing_key: Nullable(Type.String()),
  /** The newest version that all installs get. */
  latest_version: Nullable(Type.Object({ version_code: Type.Integer(), version_name: Type.String() })),
  /**
   * The version that some installs get; no install gets it while it is halted. It is newer than the latest
   * version.
   */
  rollout_version: Nullable(
    Type.Object({
      version_code: Type.Integer(),
      version_name: Type.String(),
      rollout_percent: Type.Integer(),
      is_halted: Type.Boolean(),
    }),
  ),
  /**
   * The name and category that were proposed for an approved app and wait for a reviewer. Null when nothing
   * waits.
   */
  pending_listing: Nullable(PendingListing),
  created_at: Timestamp,
  updated_at: Timestamp,
  /** The actions that the caller may take now, as far as state and role decide. */
  allowed_actions: Type.Array(AppAction),
});
export type App = Static<typeof App>;

/** An app in a list. It has no description, because a page of descriptions can be a megabyte. */
export const AppSummary = Type.Omit(App, ["description", "pending_listing"]);
export type AppSummary = Static<typeof AppSummary>;

/**
 * Value of a `catalog.apps` record: what telemetry needs to know about an app. Older records have no limits
 * and no retention; the defaults apply to them.
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
