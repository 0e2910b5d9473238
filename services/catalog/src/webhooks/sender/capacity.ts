export interface RoomLimits {
  /** Attempts at once, all together. */
  attemptsMax: number;
  perWebhookMax: number;
  /** Also of webhooks of several developers. */
  perHostMax: number;
  /** Of all webhooks of a developer, so that many slow ones do not take the room of everybody. */
  perDeveloperMax: number;
  /**
   * Of all webhooks of a developer, as a share of the room that is free: the fuller it is, the less one may
   * take. So with ten developers whose receivers are slow, a quarter is left for others.
   */
  shareOfFreeMax: number;
  /** Of all webhooks whose last attempt was slow: the rest is for those that answer. */
  slowMax: number;
  /** Of all that are slow, or of which nobody knows yet: the rest is for those that have answered. */
  unprovenMax: number;
}

/** What takes room. */
export interface Place {
  id: string;
  host: string;
  developer_id: string;
  /** What is known of its receiver when the room is taken, and so when it is given back. */
  pace: Pace;
}

/** `new`: this process has not seen an attempt of it end. */
export type Pace = "new" | "slow" | "fast";

/** An attempt that takes longer is slow, whatever is answered. */
const slowMs = 5000;
/** Webhooks whose pace is remembered, about 100 bytes each; those that were longest quiet are new again. */
const pacesMax = 50_000;

/**
 * Counts attempts that run, so that a slow receiver holds up itself alone, and the slow receivers of many
 * accounts hold up each other.
 */
export class Room {
  readonly #limits: RoomLimits;
  readonly #used = new Map<string, number>();
  readonly #isSlow = new Map<string, boolean>();
  #all = 0;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
  }

  get used(): number {
    return this.#all;
  }

  paceOf(webhookId: string): Pace {
    const isSlow = this.#isSlow.get(webhookId);
    if (isSlow === undefined) return "new";
    return isSlow ? "slow" : "fast";
  }

  /** Remembers how long an attempt took. */
  ended(webhookId: string, durationMs: number): void {
    this.#isSlow.delete(webhookId);
    this.#isSlow.set(webhookId, durationMs > slowMs);
    if (this.#isSlow.size <= pacesMax) return;
    const [quietest = ""] = this.#isSlow.keys();
    this.#isSlow.delete(quietest);
  }

  /** How many more attempts may begin there. */
  left({ id, host, developer_id, pace }: Place): number {
    const { attemptsMax, perHostMax, perDeveloperMax } = this.#limits;
    // One tells whether there is anybody.
    const perWebhookMax = pace === "new" ? 1 : this.#limits.perWebhookMax;
    const used = (key: string) => this.#used.get(key) ?? 0;
    const own = used(`developer ${developer_id}`);
    return Math.min(
      attemptsMax - this.#all,
      this.#leftOfPace(pace),
      perWebhookMax - used(`webhook ${id}`),
      perHostMax - used(`host ${host}`),
      perDeveloperMax - own,
      this.#fairShare(own),
    );
  }

  #leftOfPace(pace: Pace): number {
    if (pace === "fast") return Infinity;
    const { slowMax, unprovenMax } = this.#limits;
    const slow = this.#used.get("pace slow") ?? 0;
    const unproven = unprovenMax - slow - (this.#used.get("pace new") ?? 0);
    return pace === "new" ? unproven : Math.min(unproven, slowMax - slow);
  }

  /** How many more a developer who has so many may begin, of what is free: one at least for who has none. */
  #fairShare(own: number): number {
    const { attemptsMax, shareOfFreeMax: share } = this.#limits;
    const free = attemptsMax - this.#all;
    // The most for which what the developer has then is at most the share of what is free then.
    const more = Math.floor((share * free - own) / (1 + share));
    return own === 0 ? Math.max(1, more) : more;
  }

  take(place: Place, count: number): void {
    this.#add(place, count);
  }

  free(place: Place, count: number): void {
    this.#add(place, -count);
  }

  #add({ id, host, developer_id, pace }: Place, count: number): void {
    this.#all += count;
    for (const key of [`webhook ${id}`, `host ${host}`, `developer ${developer_id}`, `pace ${pace}`]) {
      const now = (this.#used.get(key) ?? 0) + count;
      if (now === 0) this.#used.delete(key);
      else this.#used.set(key, now);
    }
  }
}
