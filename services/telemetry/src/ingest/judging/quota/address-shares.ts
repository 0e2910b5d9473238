import { TokenBucket } from "@mosis/runtime";
import { telemetryLimits } from "@mosis/types/telemetry";
import type { AppEntry } from "../../../access/access-table.ts";

/**
 * The limits of one address within the limits of an app. Everybody who has the app has its ingest key, and
 * may send anything with it.
 */
export interface AddressShareLimits {
  /** The percentage of the app's events a second. */
  ratePercent: number;
  /**
   * The percentage of the app's events a day, once half of them are used, and of the events that may be
   * refused.
   */
  dayPercent: number;
  /** The events that may be refused, in percent of the app's events a day. */
  refusedPercent: number;
}

export const shareDefaults: AddressShareLimits = { ratePercent: 50, dayPercent: 10, refusedPercent: 10 };

/**
 * An address may send so many events a second, at once, and a day, however small the limits of its app are.
 */
const perSecondMin = 1000;
const burstMin = 5000;
const dayMin = 100;
const burstSeconds = 5;
const daySeconds = 86_400;
/** How many addresses are remembered, for all apps: about 10 MB. Beyond this number all are forgotten. */
const addressesMax = 50_000;

/** The use that one address has made of one app's limits. */
export interface AddressUse {
  /** The bucket of events a second. */
  bucket: TokenBucket;
  day: number;
  dayEvents: number;
  /** The bucket of events that were refused; null while there was none. */
  refused: TokenBucket | null;
}

interface AppShares {
  addresses: Map<string, AddressUse>;
  refused: TokenBucket | null;
  generation: number;
}

/** The shares that addresses have of the quotas of apps, in this process. */
export class AddressShares {
  readonly #limits: AddressShareLimits;
  // The map is weak, like the buckets of `Quotas`.
  readonly #apps = new WeakMap<AppEntry, AppShares>();
  #addresses = 0;
  #generation = 0;

  constructor(limits: AddressShareLimits) {
    this.#limits = limits;
  }

  useOf(app: AppEntry, network: string, nowMs: number): AddressUse {
    const { addresses } = this.#sharesOf(app);
    let use = addresses.get(network);
    if (!use) addresses.set(network, (use = this.#newUse(app, nowMs)));
    return use;
  }

  /** Returns how many events of a day an address may send when others want the rest. */
  dayEventsOf({ eventsPerDay }: AppEntry): number {
    return Math.max(dayMin, Math.floor((eventsPerDay * this.#limits.dayPercent) / 100));
  }

  /**
   * Returns the first bucket in which so many events that may be refused do not fit, or null when there is
   * none. A bucket that nothing was taken of is full, and a batch fits into every full one.
   */
  fullOfRefused(app: AppEntry, use: AddressUse | null, events: number, nowMs: number): TokenBucket | null {
    const ofApp = this.#sharesOf(app).refused;
    if (use?.refused && !use.refused.fits(events, nowMs)) return use.refused;
    return ofApp && !ofApp.fits(events, nowMs) ? ofApp : null;
  }

  /** Returns the buckets of events that may be refused: of the address when there is one, and of the app. */
  refusedOf(app: AppEntry, use: AddressUse | null, nowMs: number): TokenBucket[] {
    const perDay = (app.eventsPerDay * this.#limits.refusedPercent) / 100;
    const shares = this.#sharesOf(app);
    shares.refused ??= refusedBucket(perDay, perDay / 2, nowMs);
    if (!use) return [shares.refused];
    const ofAddress = (perDay * this.#limits.dayPercent) / 100;
    use.refused ??= refusedBucket(ofAddress, ofAddress, nowMs);
    return [use.refused, shares.refused];
  }

  #sharesOf(app: AppEntry): AppShares {
    let shares = this.#apps.get(app);
    if (!shares) {
      shares = { addresses: new Map(), refused: null, generation: this.#generation };
      this.#apps.set(app, shares);
    }
    if (shares.generation !== this.#generation) {
      shares.addresses.clear();
      shares.generation = this.#generation;
    }
    return shares;
  }

  #newUse({ eventsPerSecond }: AppEntry, nowMs: number): AddressUse {
    if (++this.#addresses > addressesMax) {
      // Memory is limited, even when that gives somebody more than their share.
      this.#addresses = 1;
      this.#generation++;
    }
    const perSecond = Math.max(perSecondMin, (eventsPerSecond * this.#limits.ratePercent) / 100);
    const burst = Math.max(burstMin, perSecond * burstSeconds);
    return { bucket: new TokenBucket({ perSecond, burst }, nowMs), day: 0, dayEvents: 0, refused: null };
  }
}

function refusedBucket(perDay: number, burst: number, nowMs: number): TokenBucket {
  // A whole batch always fits: the batch has to be looked at to be refused.
  const atOnce = Math.max(telemetryLimits.eventsPerBatchMax, Math.floor(burst));
  return new TokenBucket({ perSecond: perDay / daySeconds, burst: atOnce }, nowMs);
}
