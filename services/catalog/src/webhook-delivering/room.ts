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
}

/** What takes room. */
export interface Place {
  id: string;
  host: string;
  developer_id: string;
}

/** Counts attempts that run, so that a slow receiver holds up itself alone. */
export class Room {
  readonly #limits: RoomLimits;
  readonly #used = new Map<string, number>();
  #all = 0;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
  }

  get used(): number {
    return this.#all;
  }

  /** How many more attempts may begin there. */
  left({ id, host, developer_id }: Place): number {
    const { attemptsMax, perWebhookMax, perHostMax, perDeveloperMax } = this.#limits;
    const used = (key: string) => this.#used.get(key) ?? 0;
    const own = used(`developer ${developer_id}`);
    return Math.min(
      attemptsMax - this.#all,
      perWebhookMax - used(`webhook ${id}`),
      perHostMax - used(`host ${host}`),
      perDeveloperMax - own,
      this.#fairShare(own),
    );
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

  #add({ id, host, developer_id }: Place, count: number): void {
    this.#all += count;
    for (const key of [`webhook ${id}`, `host ${host}`, `developer ${developer_id}`]) {
      const now = (this.#used.get(key) ?? 0) + count;
      if (now === 0) this.#used.delete(key);
      else this.#used.set(key, now);
    }
  }
}
