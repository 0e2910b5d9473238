import { TokenBucket } from "@mosis/runtime";
import { telemetryLimits } from "@mosis/types/telemetry";
import type { AppEntry, Grant } from "../../access.ts";
import { dayMs, dayOf, type Usage } from "./usage.ts";

/** Why a batch is not taken now: HTTP 429. */
export interface QuotaRefusal {
  code: "rate_limited" | "quota_exceeded";
  detail: string;
  retryAfterSeconds: number;
  fields: RateLimitFields;
}

/** How many events of one app a request has. */
export interface Share {
  app: AppEntry;
  events: number;
}

/** Adds a batch to the shares of its request, of which there is nearly always one. */
export function addShare(shares: Share[], app: AppEntry, events: number): void {
  const share = shares.find((known) => known.app === app);
  if (share) share.events += events;
  else shares.push({ app, events });
}

/** Header fields of an answer, draft-ietf-httpapi-ratelimit-headers-11. What they count is events. */
export interface RateLimitFields {
  policy: string;
  state: string;
}

/** The bucket of an app or a key, and what is told of it. */
interface Meter {
  bucket: TokenBucket;
  policy: string;
  state: string;
  /** The second that `state` is of. */
  stateSecond: number;
}

/**
 * What apps and keys may send. Days are counted over all processes; buckets are of this process, and full
 * when an app or key has changed. A batch is taken whole or not at all.
 */
export class Quotas {
  readonly #usage: Usage;
  // Weak: an entry of the access table is replaced when its limits change, and gone with its app or key.
  readonly #apps = new WeakMap<AppEntry, Meter>();
  readonly #keys = new WeakMap<Grant, Meter>();

  constructor(usage: Usage) {
    this.#usage = usage;
  }

  /** Takes all events of a request, or says why not and takes none. */
  take(shares: readonly Share[], key: Grant, nowMs: number): QuotaRefusal | null {
    for (let taken = 0; taken < shares.length; taken++) {
      const refusal = this.#takeShare(shares[taken] as Share, key, nowMs);
      if (refusal === null) continue;
      this.giveBack(shares.slice(0, taken), key, nowMs);
      return refusal;
    }
    return null;
  }

  #takeShare({ app, events }: Share, key: Grant, nowMs: number): QuotaRefusal | null {
    if (events === 0) return null;
    const day = dayOf(nowMs);
    const used = this.#usage.events(app.appId, day);
    if (used + events > app.eventsPerDay) return this.#dayRefusal(app, key, nowMs);
    const meter = this.#meterOfApp(app, nowMs);
    const keyMeter = this.#meterOfKey(key, nowMs);
    if (!meter.bucket.fits(events, nowMs)) return this.#rateRefusal(app, key, { meter, events, nowMs });
    if (keyMeter && !keyMeter.bucket.fits(events, nowMs)) {
      return this.#rateRefusal(app, key, { meter: keyMeter, events, nowMs });
    }
    this.#usage.count(app.appId, day, events);
    meter.bucket.take(events);
    keyMeter?.bucket.take(events);
    return null;
  }

  /** Of a request that was taken and then could not be stored. */
  giveBack(shares: readonly Share[], key: Grant, takenAtMs: number): void {
    for (const { app, events } of shares) {
      if (events === 0) continue;
      this.#usage.count(app.appId, dayOf(takenAtMs), -events);
      this.#apps.get(app)?.bucket.giveBack(events);
      this.#keys.get(key)?.bucket.giveBack(events);
    }
  }

  /** What an answer tells, up to a second old: putting it together costs more than counting. */
  fieldsOf(app: AppEntry | undefined, key: Grant, nowMs: number): RateLimitFields | null {
    return app ? this.#fieldsOf(app, key, nowMs) : null;
  }

  #fieldsOf(app: AppEntry, key: Grant, nowMs: number): RateLimitFields {
    const meter = this.#meterOfApp(app, nowMs);
    const second = Math.floor(nowMs / 1000);
    if (meter.stateSecond !== second) {
      meter.stateSecond = second;
      meter.state = `${this.#dayState(app, nowMs)}, ${meter.bucket.state("burst", nowMs)}`;
    }
    const keyMeter = this.#meterOfKey(key, nowMs);
    if (!keyMeter) return meter;
    if (keyMeter.stateSecond !== second) {
      keyMeter.stateSecond = second;
      keyMeter.state = keyMeter.bucket.state("key", nowMs);
    }
    return {
      policy: `${meter.policy}, ${keyMeter.policy}`,
      state: `${meter.state}, ${keyMeter.state}`,
    };
  }

  #dayRefusal(app: AppEntry, key: Grant, nowMs: number): QuotaRefusal {
    return {
      code: "quota_exceeded",
      detail:
        `The app may send ${app.eventsPerDay} events a day, and ${this.#leftToday(app, nowMs)} are left. ` +
        "Keep the events and send them after Retry-After, that is at midnight UTC.",
      retryAfterSeconds: secondsToMidnight(nowMs),
      fields: this.#freshFields(app, key, nowMs),
    };
  }

  #rateRefusal(app: AppEntry, key: Grant, refused: { meter: Meter; events: number; nowMs: number }) {
    const { meter, events, nowMs } = refused;
    const { perSecond, burst } = meter.bucket;
    const who = meter === this.#keys.get(key) ? "key" : "app";
    return {
      code: "rate_limited",
      detail:
        `The ${who} may send ${perSecond} events a second and ${burst} at once. ` +
        "Send the same batch again after Retry-After.",
      retryAfterSeconds: meter.bucket.secondsUntil(events, nowMs),
      fields: this.#freshFields(app, key, nowMs),
    } satisfies QuotaRefusal;
  }

  /** Whoever is refused is told how it is now, not how it was at the beginning of the second. */
  #freshFields(app: AppEntry, key: Grant, nowMs: number): RateLimitFields {
    this.#meterOfApp(app, nowMs).stateSecond = 0;
    const keyMeter = this.#meterOfKey(key, nowMs);
    if (keyMeter) keyMeter.stateSecond = 0;
    return this.#fieldsOf(app, key, nowMs);
  }

  #dayState(app: AppEntry, nowMs: number): string {
    return `"day";r=${this.#leftToday(app, nowMs)};t=${secondsToMidnight(nowMs)}`;
  }

  #leftToday(app: AppEntry, nowMs: number): number {
    return Math.max(0, app.eventsPerDay - Math.max(0, this.#usage.events(app.appId, dayOf(nowMs))));
  }

  #meterOfApp(app: AppEntry, nowMs: number): Meter {
    let meter = this.#apps.get(app);
    if (!meter) {
      meter = newMeter("burst", app.eventsPerSecond, nowMs);
      meter.policy = `"day";q=${app.eventsPerDay};w=86400, ${meter.policy}`;
      this.#apps.set(app, meter);
    }
    return meter;
  }

  #meterOfKey(key: Grant, nowMs: number): Meter | null {
    if (key.eventsPerSecond === null) return null;
    let meter = this.#keys.get(key);
    if (!meter) this.#keys.set(key, (meter = newMeter("key", key.eventsPerSecond, nowMs)));
    return meter;
  }
}

/** Header fields of the refusal. */
export function fieldsOfRefusal({ retryAfterSeconds, fields }: QuotaRefusal): Record<string, string> {
  const { policy, state } = fields;
  return { "Retry-After": String(retryAfterSeconds), "RateLimit-Policy": policy, RateLimit: state };
}

/** How long a bucket takes to fill: what may come at once after a pause is that many seconds' worth. */
const burstSeconds = 5;

function newMeter(name: string, perSecond: number, nowMs: number): Meter {
  // At once always a whole batch, however low the rate.
  const burst = Math.max(telemetryLimits.eventsPerBatchMax, perSecond * burstSeconds);
  const bucket = new TokenBucket({ perSecond, burst }, nowMs);
  return { bucket, policy: bucket.policy(name), state: "", stateSecond: 0 };
}

function secondsToMidnight(nowMs: number): number {
  return Math.ceil(((dayOf(nowMs) + 1) * dayMs - nowMs) / 1000);
}
