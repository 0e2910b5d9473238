/**
 * A cached credential. It is forgotten when its developer's credentials change, and ignored after `endsAtMs`.
 */
interface Found {
  developerId: string;
  endsAtMs: number;
}

interface Lookup<T> {
  found: Promise<T | null>;
  /** The result; undefined until the look-up has ended. */
  value: T | undefined;
  startedMs: number;
}

/**
 * Caches look-ups by hash for a short time, so that a client that sends many requests costs one look-up every
 * `ageMsMax`: 8 µs of CPU a request instead of 160. Changes by other processes show here that much later;
 * changes by this process show at once. A missing secret is cached too: secrets are random, so nobody asks
 * for one before it is made. See docs/decisions/0017-keys-in-every-process.md.
 */
export class RecentLookups<T extends Found> {
  readonly #find: (hash: string) => Promise<T | null>;
  readonly #limits: { ageMsMax: number; entriesMax: number };
  readonly #lookups = new Map<string, Lookup<T>>();
  /**
   * Hashes that nobody had, and the time when each look-up began. They have a map of their own, so that
   * guesses do not evict good entries.
   */
  readonly #missing = new Map<string, number>();

  constructor({
    find,
    ...limits
  }: {
    find: (hash: string) => Promise<T | null>;
    ageMsMax: number;
    entriesMax: number;
  }) {
    this.#find = find;
    this.#limits = limits;
  }

  /** Returns true when `get` answers without a look-up, or waits for one that runs. */
  has(hash: string): boolean {
    return this.#isYoung(this.#lookups.get(hash)?.startedMs) || this.#isYoung(this.#missing.get(hash));
  }

  async get(hash: string): Promise<T | null> {
    if (this.#isYoung(this.#missing.get(hash))) return null;
    const known = this.#lookups.get(hash);
    if (known && this.#isYoung(known.startedMs)) {
      const found = known.value ?? (await known.found);
      // Another caller's look-up may have begun before the credential existed.
      if (found) return stillThere(found);
    }
    return this.#lookUp(hash);
  }

  /** Call this after the commit of a change of a developer's keys or sessions. */
  forget(developerId: string): void {
    // A key that was disabled may be valid again.
    this.#missing.clear();
    for (const [hash, { value }] of this.#lookups) {
      // The owner of a running look-up is not known yet, and it may have read the old state.
      if (!value || value.developerId === developerId) this.#lookups.delete(hash);
    }
  }

  async #lookUp(hash: string): Promise<T | null> {
    if (this.#lookups.size >= this.#limits.entriesMax) this.#lookups.clear();
    const lookup: Lookup<T> = {
      found: this.#find(hash),
      value: undefined,
      // The age counts from before the look-up, so an answer is never older than its age says.
      startedMs: performance.now(),
    };
    this.#lookups.set(hash, lookup);
    let found: T | null = null;
    try {
      found = await lookup.found;
    } finally {
      if (found) lookup.value = found;
      else if (this.#lookups.get(hash) === lookup) this.#lookups.delete(hash);
    }
    if (!found) this.#miss(hash, lookup.startedMs);
    return found;
  }

  #miss(hash: string, startedMs: number): void {
    if (this.#missing.size >= this.#limits.entriesMax) this.#missing.clear();
    this.#missing.set(hash, startedMs);
  }

  #isYoung(startedMs: number | undefined): boolean {
    return startedMs !== undefined && performance.now() - startedMs < this.#limits.ageMsMax;
  }
}

function stillThere<T extends Found>(found: T): T | null {
  return Date.now() < found.endsAtMs ? found : null;
}
