/**
 * New keys whose apps are not here yet. Keys and apps travel on different topics, so a key may be first, and
 * would be told for a moment that its app does not exist. It stays unknown until its apps are here, and
 * whoever sends with it waits for it: see `KeyArrivals`.
 */
export class EarlyKeys {
  readonly #waitMs: number;
  readonly #isHere: (appId: string) => boolean;
  readonly #waiting = new Map<
    string,
    { appIds: readonly string[]; known: () => void; timer: NodeJS.Timeout }
  >();

  /**
   * @param waitMs after that a key is known without its apps: one of them may have been deleted.
   * @param isHere whether the app is known.
   */
  constructor({ waitMs, isHere }: { waitMs: number; isHere: (appId: string) => boolean }) {
    this.#waitMs = waitMs;
    this.#isHere = isHere;
  }

  /** Calls `known` once, at once or when the key need not wait any more. */
  whenAppsAreHere(id: string, appIds: readonly string[] | null, known: () => void): void {
    if (appIds === null || appIds.every(this.#isHere)) {
      known();
      return;
    }
    const timer = setTimeout(() => this.#release(id), this.#waitMs);
    timer.unref();
    this.#waiting.set(id, { appIds, known, timer });
  }

  /** A later record of the key makes the one that waits void. */
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
