export {
  type Catalog,
  createCatalog,
  type PageOf,
  type PageOptions,
  SecondFactorMissing,
} from "./catalog.ts";
export { isWorthRetrying } from "./delivery.ts";
export { MosisProblem } from "./problem.ts";
export { type AuditOptions, createQuery, type Query, type RejectedOptions } from "./query.ts";
export { createTelemetry } from "./telemetry.ts";
export type {
  Telemetry,
  TelemetryOptions,
  TelemetryReport,
  TelemetryStats,
  TrackOptions,
} from "./telemetry-options.ts";
export { newUuid } from "./uuid.ts";
