import { TokenBucket } from "@mosis/runtime";
import { telemetryLimits } from "@mosis/types/telemetry";
import type { AppEntry, Grant } from "../../../access/access-table.ts";
import type { QuotaRefusal, RateLimitFields } from "../../events/refusal.ts";
import { type AddressShareLimits, AddressShares, type AddressUse, shareDefaults } from "./address-shares.ts";
import {
  addressDayRefusal,
  dayRefusal,
  rateRefusal,
  secondsToMidnight,
  wrongEventsRefusal,
} from "./refusal.ts";
import type { Sender, Share } from "./share.ts";
import { dayOf, type Usage } from "./usage.ts";

/** The bucket of an app or a key, and the header fields that describe it. */
interface Meter {
  bucket: TokenBucket;
  policy: string;
  state: string;
  /** The second that `state` was written in. */
  stateSecond: number;
}

/**
 * Decides what apps and keys may send. Days are counted over all processes. Buckets belong to this process,
 * and are full when an app or key has changed. A batch is taken as a whole or not at all.
 */
export class Quotas {
  readonly #usage: Usage;
  readonly #shares: AddressShares;
  // The maps are weak: an entry of the access table is replaced when its limits change, and disappears with
  // its app or key.
  readonly #apps = new WeakMap<AppEntry, Meter>();
  readonly #keys = new WeakMap<Grant, Meter>();

  constructor(usage: Usage, limits: AddressShareLimits = shareDefaults) {
    this.#usage = usage;
    this.#shares = new AddressShares(limits);
  }

  /**
   * Takes the events of a request, or returns why not and takes none. It first assumes that every event is
   * good and might also be refused. When so many may not be refused any more, the sender's events are judged
   * to know how many will be.
   * @param sender null when it is not known: then the shares of addresses do not apply.
   */
  take(shares: readonly Share[], key: Grant, nowMs: number, sender: Sender | null = null) {
    const refusal = this.#takeAll(shares, key, nowMs, sender);
    if (!refusal?.ofWrongEvents || sender === null) return refusal;
    sender.judge();
    return this.#takeAll(shares, key, nowMs, sender);
  }

  #takeAll(shares: readonly Share[], key: Grant, nowMs: number, sender: Sender | null): QuotaRefusal | null {
    for (let taken = 0; taken < shares.length; taken++) {
      const refusal = this.#takeShare(shares[taken] as Share, key, nowMs, sender);
      if (refusal === null) continue;
      this.giveBack(shares.slice(0, taken), key, nowMs, sender);
      return refusal;
    }
    return null;
  }

  #takeShare(share: Share, key: Grant, nowMs: number, sender: Sender | null): QuotaRefusal | null {
    const { app, refused = 0 } = share;
    const events = share.events - refused;
    share.taken = { day: 0, rate: 0 };
    if (share.events === 0) return null;
    const day = dayOf(nowMs);
    const use = sender && key.kind === "ingest" ? this.#shares.useOf(app, sender.network, nowMs) : null;
    if (sender) {
      const mayBeRefused = share.refused ?? share.events;
      const full = this.#shares.fullOfRefused(app, use, mayBeRefused, nowMs);
      if (full) return wrongEventsRefusal(full, mayBeRefused, this.#freshFields(app, key, nowMs), nowMs);
    }
    const used = this.#usage.events(app.appId, day);
    if (used + events > app.eventsPerDay) {
      return dayRefusal(app, this.#leftToday(app, nowMs), this.#freshFields(app, key, nowMs), nowMs);
    }
    if (use) {
      const refusal = this.#addressRefusal(app, key, { use, used, events, nowMs });
      if (refusal) return refusal;
    }
    const meter = this.#meterOfApp(app, nowMs);
    const keyMeter = this.#meterOfKey(key, nowMs);
    if (!meter.bucket.fits(events, nowMs)) {
      return rateRefusal("app", meter.bucket, events, this.#freshFields(app, key, nowMs), nowMs);
    }
    if (keyMeter && !keyMeter.bucket.fits(events, nowMs)) {
      return rateRefusal("key", keyMeter.bucket, events, this.#freshFields(app, key, nowMs), nowMs);
    }
    this.#usage.count(app.appId, day, events);
    meter.bucket.take(events);
    keyMeter?.bucket.take(events);
    if (use) {
      use.bucket.take(events);
      use.dayEvents += events;
    }
    share.taken.day = events;
    share.taken.rate = events;
    return null;
  }

  /**
   * Corrects what was taken once the outcome of a share is known: refused events count against what may be
   * refused, dropped events only against the rate, and neither against the day.
   */
  settle(share: Share, key: Grant, { network }: Sender, nowMs: number): void {
    const { app, taken, found } = share;
    if (!taken || !found) return;
    const { refused, dropped } = found;
    const use = key.kind === "ingest" ? this.#shares.useOf(app, network, nowMs) : null;
    if (refused > 0) {
      for (const bucket of this.#shares.refusedOf(app, use, nowMs)) {
        bucket.left(nowMs);
        bucket.take(refused);
      }
    }
    const good = share.events - refused;
    this.#give(share, key, use, { day: taken.day - (good - dropped), rate: taken.rate - good, nowMs });
  }

  /** Gives back what was taken for a request that then could not be stored. */
  giveBack(
    shares: readonly Share[],
    key: Grant,
    takenAtMs: number,
    sender: Pick<Sender, "network"> | null = null,
  ): void {
    for (const share of shares) {
      const { day, rate } = share.taken ?? { day: share.events, rate: share.events };
      const use =
        sender && key.kind === "ingest" ? this.#shares.useOf(share.app, sender.network, takenAtMs) : null;
      this.#give(share, key, use, { day, rate, nowMs: takenAtMs });
    }
  }

  #give(
    { app, taken }: Share,
    key: Grant,
    use: AddressUse | null,
    { day, rate, nowMs }: { day: number; rate: number; nowMs: number },
  ): void {
    if (day !== 0) this.#usage.count(app.appId, dayOf(nowMs), -day);
    if (rate !== 0) {
      this.#apps.get(app)?.bucket.giveBack(rate);
      this.#keys.get(key)?.bucket.giveBack(rate);
      use?.bucket.giveBack(rate);
    }
    if (use) use.dayEvents -= day;
    if (!taken) return;
    taken.day -= day;
    taken.rate -= rate;
  }

  /**
   * Returns the header fields of an answer. They are up to a second old: writing them costs more than
   * counting.
   */
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

  /** @returns why an address has to leave the rest to others; null when it need not. */
  #addressRefusal(
    app: AppEntry,
    key: Grant,
    { use, used, events, nowMs }: { use: AddressUse; used: number; events: number; nowMs: number },
  ): QuotaRefusal | null {
    const day = dayOf(nowMs);
    if (use.day !== day) {
      use.day = day;
      use.dayEvents = 0;
    }
    const ofDay = this.#shares.dayEventsOf(app);
    if (used + events > app.eventsPerDay / 2 && use.dayEvents + events > ofDay) {
      return addressDayRefusal(app, ofDay, this.#freshFields(app, key, nowMs), nowMs);
    }
    if (use.bucket.fits(events, nowMs)) return null;
    return rateRefusal("address", use.bucket, events, this.#freshFields(app, key, nowMs), nowMs);
  }

  /** A refusal reports the state of now, not of the beginning of the second. */
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

/** The time a bucket takes to fill: after a pause, that many seconds' worth may arrive at once. */
const burstSeconds = 5;

function newMeter(name: string, perSecond: number, nowMs: number): Meter {
  // A whole batch always fits at once, however low the rate.
  const burst = Math.max(telemetryLimits.eventsPerBatchMax, perSecond * burstSeconds);
  const bucket = new TokenBucket({ perSecond, burst }, nowMs);
  return { bucket, policy: bucket.policy(name), state: "", stateSecond: 0 };
}
