import type { TokenBucket } from "@mosis/runtime";
import type { AppEntry } from "../../../access/access-table.ts";
import type { QuotaRefusal, RateLimitFields } from "../../events/refusal.ts";
import { dayMs, dayOf } from "./usage.ts";

/** Returns the header fields of the refusal. */
export function fieldsOfRefusal({ retryAfterSeconds, fields }: QuotaRefusal): Record<string, string> {
  const { policy, state } = fields;
  return { "Retry-After": String(retryAfterSeconds), "RateLimit-Policy": policy, RateLimit: state };
}

export function dayRefusal(
  { eventsPerDay }: AppEntry,
  left: number,
  fields: RateLimitFields,
  nowMs: number,
): QuotaRefusal {
  return {
    code: "quota_exceeded",
    detail:
      `The app may send ${eventsPerDay} events a day, and ${left} are left. ` +
      "Keep the events and send them after Retry-After, that is at midnight UTC.",
    retryAfterSeconds: secondsToMidnight(nowMs),
    fields,
  };
}

/** @param ofAddress how many events an address may send when others want the rest. */
export function addressDayRefusal(
  { eventsPerDay }: AppEntry,
  ofAddress: number,
  fields: RateLimitFields,
  nowMs: number,
): QuotaRefusal {
  return {
    code: "quota_exceeded",
    detail:
      `Half of the app's ${eventsPerDay} events of the day are used; of the rest an address may send ` +
      `${ofAddress} with an ingest key. Keep the events and send them after Retry-After, or send them ` +
      "from a server with a management key.",
    retryAfterSeconds: secondsToMidnight(nowMs),
    fields,
  };
}

export function rateRefusal(
  who: "app" | "key" | "address",
  bucket: TokenBucket,
  events: number,
  fields: RateLimitFields,
  nowMs: number,
): QuotaRefusal {
  const subject = who === "address" ? "An address" : `The ${who}`;
  return {
    code: "rate_limited",
    detail:
      `${subject} may send ${bucket.perSecond} events a second and ${bucket.burst} at once. ` +
      "Send the same batch again after Retry-After.",
    retryAfterSeconds: bucket.secondsUntil(events, nowMs),
    fields,
  };
}

/** The longest time a client waits until it tries again with events that were refused. */
const retryAfterSecondsMax = 86_400;

export function wrongEventsRefusal(
  bucket: TokenBucket,
  events: number,
  { policy, state }: RateLimitFields,
  nowMs: number,
): QuotaRefusal {
  const left = Math.max(0, bucket.left(nowMs));
  return {
    code: "rate_limited",
    ofWrongEvents: true,
    detail:
      `${events} events of the batch are not valid, and ${left} more may be refused now. ` +
      "Send the valid events separately, and the others once they are repaired: " +
      "POST /v1/telemetry/batches:validate says what is wrong.",
    retryAfterSeconds: Math.min(retryAfterSecondsMax, bucket.secondsUntil(events, nowMs)),
    fields: {
      policy: `${policy}, ${bucket.policy("refused")}`,
      state: `${state}, ${bucket.state("refused", nowMs)}`,
    },
  };
}

export function secondsToMidnight(nowMs: number): number {
  return Math.ceil(((dayOf(nowMs) + 1) * dayMs - nowMs) / 1000);
}
