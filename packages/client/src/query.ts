import type { AuditEvent } from "@mosis/types/audit";
import type { Outcomes, OutcomesQuery } from "@mosis/types/outcomes";
import type { RejectedEvent, Replay, Replayed } from "@mosis/types/rejected";
import type { Receipt } from "@mosis/types/telemetry";
import { type ClientOptions, createCall, queryString } from "./answers.ts";
import type { PageOf, PageOptions } from "./catalog.ts";

export interface AuditOptions extends PageOptions {
  actor?: string;
  action?: string;
  target?: string;
  /** RFC 3339. */
  from?: string;
  to?: string;
}

export interface RejectedOptions extends PageOptions {
  /** RFC 3339. */
  from?: string;
  to?: string;
  code?: string;
  /** True returns only the events that were replayed. */
  replayed?: boolean;
}

/** The read side of telemetry. Every method rejects with `MosisProblem` when the service refuses. */
export interface Query {
  /** Returns what happened to a batch. An unknown batch is a `not_found` problem or `in_flight`. */
  receipt(batchId: string): Promise<Receipt>;
  /** Returns what happened to an app's telemetry, by time and reason. */
  outcomes(packageId: string, query: OutcomesQuery): Promise<Outcomes>;
  /** Returns the events that were refused, newest first. */
  rejected(packageId: string, options?: RejectedOptions): Promise<PageOf<RejectedEvent>>;
  /** Sends rejected events again, patched or as they are. Needs a management key. */
  replay(packageId: string, replay: Replay): Promise<Replayed>;
  /** Returns the developer's audit trail, newest first. */
  audit(options?: AuditOptions): Promise<PageOf<AuditEvent>>;
}

export function createQuery(options: ClientOptions): Query {
  const call = createCall(options);
  return {
    outcomes: (packageId, query) => call("GET", `${telemetryOf(packageId)}/outcomes${queryString(query)}`),
    rejected: (packageId, filter) =>
      call("GET", `${telemetryOf(packageId)}/rejected${queryString({ ...filter })}`),
    replay: (packageId, replay) => call("POST", `${telemetryOf(packageId)}/rejected:replay`, replay),
    receipt: (batchId) => call("GET", `/v1/telemetry/batches/${encodeURIComponent(batchId)}`),
    audit: (filter) => call("GET", `/v1/audit${queryString({ ...filter })}`),
  };
}

function telemetryOf(packageId: string): string {
  return `/v1/apps/${encodeURIComponent(packageId)}/telemetry`;
}
