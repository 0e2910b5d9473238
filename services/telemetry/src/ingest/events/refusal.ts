import type { EventCode } from "@mosis/types/telemetry";

/** Why an event is not stored. `pointer` (RFC 6901) is relative to the event. */
export interface Fault {
  code: EventCode;
  pointer: string;
}

/** Why a request is refused because of what its app, key or address has sent before: HTTP 429. */
export interface QuotaRefusal {
  code: "rate_limited" | "quota_exceeded";
  detail: string;
  retryAfterSeconds: number;
  fields: RateLimitFields;
  /** Set when the limit is that of refused events: the events must be judged to know how many will be. */
  ofWrongEvents?: true;
}

/** Header fields of an answer, draft-ietf-httpapi-ratelimit-headers-11. They count events. */
export interface RateLimitFields {
  policy: string;
  state: string;
}
