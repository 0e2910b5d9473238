/**
 * Requests with a key whose record is not here yet. The catalog tells a key the moment it is committed, and
 * its record arrives some 50 ms later: a 401 in between would be a lie, and no client tries again after one.
 */
export class KeyArrivals {
  readonly #limits: { waitMs: number; waitingMax: number };
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  /**
   * Hashes that were waited for in vain or belong to revoked keys: whoever keeps sending them waits no more.
   */
  readonly #strangers = new Set<string>();

  /** @param limits at most `waitingMax` different keys are waited for, each for `waitMs`. */
  constructor(limits: { waitMs: number; waitingMax: number }) {
    this.#limits = limits;
  }

  /** Resolves when the key has arrived or will not; null when there is nothing to wait for. */
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

/** 64 characters each. */
const strangersMax = 10_000;
