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
 * later, what this one changes at once. What is not there is looked up every time: what is new works from its
 * first request. See docs/decisions/0017-keys-in-every-process.md.
 */
export class RecentLookups<T extends Found> {
  readonly #find: (hash: string) => Promise<T | null>;
  readonly #limits: { ageMsMax: number; entriesMax: number };
  readonly #lookups = new Map<string, Lookup<T>>();

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

  async get(hash: string): Promise<T | null> {
    const known = this.#lookups.get(hash);
    if (known && performance.now() - known.startedMs < this.#limits.ageMsMax) {
      const found = known.value ?? (await known.found);
      // Somebody else's look-up may have begun before it was there.
      if (found) return stillThere(found);
    }
    return this.#lookUp(hash);
  }

  /** For a change of a developer's keys or sessions, after its commit. */
  forget(developerId: string): void {
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
    return found;
  }
}

function stillThere<T extends Found>(found: T): T | null {
  return Date.now() < found.endsAtMs ? found : null;
}
