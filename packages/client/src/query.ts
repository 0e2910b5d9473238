import type { AuditEvent } from "@mosis/types/audit";
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

/** The read side of telemetry. Every method rejects with `MosisProblem` when the service says no. */
export interface Query {
  /**
   * What has become of a batch. A batch that nobody has heard of yet is a `not_found` problem or `in_flight`.
   */
  receipt(batchId: string): Promise<Receipt>;
  /** The developer's audit trail, newest first. */
  audit(options?: AuditOptions): Promise<PageOf<AuditEvent>>;
}

export function createQuery(options: ClientOptions): Query {
  const call = createCall(options);
  return {
    receipt: (batchId) => call("GET", `/v1/telemetry/batches/${encodeURIComponent(batchId)}`),
    audit: (filter) => call("GET", `/v1/audit${queryString({ ...filter })}`),
  };
}
