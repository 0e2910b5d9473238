/**
 * Requests with a key whose record is not here yet. The catalog shows a key the moment it is committed, and
 * its record arrives some 50 ms later: a 401 in between would be wrong, and no client tries again after one.
 */
export class KeyArrivals {
  readonly #limits: { waitMs: number; waitingMax: number };
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  /** Hashes that were waited for in vain, or belong to revoked keys: nobody waits for them again. */
  readonly #strangers = new Set<string>();

  /** @param limits at most `waitingMax` different keys are waited for, each for `waitMs`. */
  constructor(limits: { waitMs: number; waitingMax: number }) {
    this.#limits = limits;
  }

  /** Resolves when the key has arrived or will not arrive; null when there is nothing to wait for. */
  of(hash: string): Promise<void> | null {
    const known = this.#waiting.get(hash);
    if (known) return known.promise;
    const { waitMs, waitingMax } = this.#limits;
    if (this.#strangers.has(hash) || this.#waiting.size >= waitingMax) return null;
    const arrival = Promise.withResolvers<void>();
    this.#waiting.set(hash, arrival);
    const timer = setTimeout(() => this.gone(hash), waitMs);
    timer.unref();
    return arrival.promise.finally(() => clearTimeout(timer));
  }

  arrived(hash: string): void {
    this.#strangers.delete(hash);
    this.#settle(hash);
  }

  gone(hash: string): void {
    if (this.#strangers.size >= strangersMax) this.#strangers.clear();
    this.#strangers.add(hash);
    this.#settle(hash);
  }

  #settle(hash: string): void {
    this.#waiting.get(hash)?.resolve();
    this.#waiting.delete(hash);
  }
}

/** The number of hashes that are remembered, of 64 characters each. */
const strangersMax = 10_000;

/**
 * New keys whose apps are not here yet. Keys and apps travel on different topics, so a key may arrive first,
 * and a request with it would be answered that its app does not exist. Such a key stays unknown until its
 * apps are here, and requests with it wait: see `KeyArrivals`.
 */
export class EarlyKeys {
  readonly #waitMs: number;
  readonly #isHere: (appId: string) => boolean;
  readonly #waiting = new Map<
    string,
    { appIds: readonly string[]; known: () => void; timer: NodeJS.Timeout }
  >();

  /**
   * @param waitMs after this time a key is known without its apps: one of them may have been deleted.
   * @param isHere returns true when the app is known.
   */
  constructor({ waitMs, isHere }: { waitMs: number; isHere: (appId: string) => boolean }) {
    this.#waitMs = waitMs;
    this.#isHere = isHere;
  }

  /** Calls `known` exactly once: immediately, or when the key need not wait any more. */
  whenAppsAreHere(id: string, appIds: readonly string[] | null, known: () => void): void {
    if (appIds === null || appIds.every(this.#isHere)) {
      known();
      return;
    }
    const timer = setTimeout(() => this.#release(id), this.#waitMs);
    timer.unref();
    this.#waiting.set(id, { appIds, known, timer });
  }

  /** Drops the record that waits, because a later record of the key has arrived. */
  forget(id: string): void {
    clearTimeout(this.#waiting.get(id)?.timer);
    this.#waiting.delete(id);
  }

  appArrived(): void {
    for (const [id, { appIds }] of this.#waiting) if (appIds.every(this.#isHere)) this.#release(id);
  }

  #release(id: string): void {
    const known = this.#waiting.get(id)?.known;
    this.forget(id);
    known?.();
  }
}
