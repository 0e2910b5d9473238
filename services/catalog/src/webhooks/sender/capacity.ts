export interface RoomLimits {
  /** The maximum of attempts that run at once. */
  attemptsMax: number;
  perWebhookMax: number;
  /** The maximum for one host, which webhooks of several developers may share. */
  perHostMax: number;
  /** The maximum for all webhooks of a developer, so that many slow ones do not take everybody's room. */
  perDeveloperMax: number;
  /**
   * The maximum for all webhooks of a developer, as a share of the room that is free: the fuller the room,
   * the less one developer may take. With ten developers whose receivers are slow, a quarter is left for
   * others.
   */
  shareOfFreeMax: number;
  /** The maximum for all webhooks whose last attempt was slow. The rest is for webhooks that answer fast. */
  slowMax: number;
  /**
   * The maximum for all webhooks that are slow or not yet known. The rest is for webhooks that have answered.
   */
  unprovenMax: number;
}

/** An attempt's claim on the room. */
export interface Place {
  id: string;
  host: string;
  developer_id: string;
  /** The receiver's pace when the room is taken. The same pace is used when the room is given back. */
  pace: Pace;
}

/** `new` means that this process has not seen an attempt of it end. */
export type Pace = "new" | "slow" | "fast";

/** An attempt that takes longer than this is slow, whatever the answer. */
const slowMs = 5000;
/**
 * The number of webhooks whose pace is remembered, at about 100 bytes each. Those that were quiet for longest
 * become new again.
 */
const pacesMax = 50_000;

/**
 * Counts the attempts that run, so that a slow receiver delays only itself, and the slow receivers of many
 * accounts delay only each other.
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

  /** Records the time that an attempt took. */
  ended(webhookId: string, durationMs: number): void {
    this.#isSlow.delete(webhookId);
    this.#isSlow.set(webhookId, durationMs > slowMs);
    if (this.#isSlow.size <= pacesMax) return;
    const [quietest = ""] = this.#isSlow.keys();
    this.#isSlow.delete(quietest);
  }

  /** Returns the number of attempts that may still begin there. */
  left({ id, host, developer_id, pace }: Place): number {
    const { attemptsMax, perHostMax, perDeveloperMax } = this.#limits;
    // One attempt is enough to learn if the receiver answers.
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

  /**
   * Returns the number of attempts that a developer with `own` running ones may still begin, as a share of
   * the free room. A developer who has none may begin at least one.
   */
  #fairShare(own: number): number {
    const { attemptsMax, shareOfFreeMax: share } = this.#limits;
    const free = attemptsMax - this.#all;
    // The greatest number that leaves the developer with at most the share of the room that is free
    // afterwards.
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
