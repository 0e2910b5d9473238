/** What a look-up finds. Whose it is decides when it is forgotten, its end when it is no longer there. */
interface Found {
  developerId: string;
  endsAtMs: number;
}

interface Lookup<T> {
  found: Promise<T | null>;
  /** Undefined until it is there. */
  value: T | undefined;
  startedMs: number;
}

/**
 * Look-ups by hash that were made a moment ago, so that a client that sends many requests costs one look-up
 * every `ageMsMax`: 8 µs of CPU a request instead of 160. What other processes change shows here that much
 * later, what this one changes at once. What is not there is remembered too: secrets are random, so nobody
 * asks for one before it is made. See docs/decisions/0017-keys-in-every-process.md.
 */
export class RecentLookups<T extends Found> {
  readonly #find: (hash: string) => Promise<T | null>;
  readonly #limits: { ageMsMax: number; entriesMax: number };
  readonly #lookups = new Map<string, Lookup<T>>();
  /** Hashes that nobody had, and when the look-up began. Of their own, so that guesses oust nothing good. */
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
      // Somebody else's look-up may have begun before it was there.
      if (found) return stillThere(found);
    }
    return this.#lookUp(hash);
  }

  /** For a change of a developer's keys or sessions, after its commit. */
  forget(developerId: string): void {
    // A key that was disabled is good again.
    this.#missing.clear();
    for (const [hash, { value }] of this.#lookups) {
      // Nobody knows yet whose it is, and it may have read what was before.
      if (!value || value.developerId === developerId) this.#lookups.delete(hash);
    }
  }

  async #lookUp(hash: string): Promise<T | null> {
    if (this.#lookups.size >= this.#limits.entriesMax) this.#lookups.clear();
    const lookup: Lookup<T> = {
      found: this.#find(hash),
      value: undefined,
      // The age counts from before the question: the answer is never older than this says.
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
