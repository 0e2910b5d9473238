import { TokenBucket } from "@mosis/runtime";

export interface WorkBudgetOptions {
  /** Milliseconds of CPU that come back to each client in a second. */
  msPerSecond: number;
  /** Milliseconds that a client may use in a burst after a pause. */
  burstMs: number;
  /** The number of clients that are remembered, about 200 bytes each. Default 50 000. */
  clientsMax?: number;
}

/**
 * Limits the CPU time that each client may waste with requests that are refused. Only clients that wasted
 * some are remembered, so a client with good requests never costs more than a look-up in a map. Each process
 * has its own budget.
 */
export class WorkBudget {
  readonly #rate: { perSecond: number; burst: number };
  readonly #clientsMax: number;
  /** Ordered from the client that has been quiet for longest to the latest one that was charged. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor({ msPerSecond, burstMs, clientsMax = 50_000 }: WorkBudgetOptions) {
    this.#rate = { perSecond: msPerSecond, burst: burstMs };
    this.#clientsMax = clientsMax;
  }

  /** Returns 0 when the client may go on, else the whole seconds until it may. */
  secondsToWait(client: string, nowMs: number): number {
    const bucket = this.#buckets.get(client);
    if (!bucket || bucket.left(nowMs) >= 0) return 0;
    return bucket.secondsUntil(0, nowMs);
  }

  /** Returns true when the client was charged and has not yet got all of it back. */
  isCharged(client: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(client);
    return bucket !== undefined && bucket.left(nowMs) < bucket.burst;
  }

  /**
   * Returns true when the client owes twice its burst: it goes on although it was asked to wait, so its
   * connections are not worth reading.
   */
  isCutOff(client: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(client);
    return bucket !== undefined && bucket.left(nowMs) < -bucket.burst;
  }

  /** Charges a client. The bucket may go below zero, because the cost is known only afterwards. */
  charge(client: string, ms: number, nowMs: number): void {
    const known = this.#buckets.get(client);
    if (known) this.#buckets.delete(client);
    else this.#forgetQuiet(nowMs);
    const bucket = known ?? new TokenBucket(this.#rate, nowMs);
    // This fills the bucket up to now before anything is taken from it.
    bucket.left(nowMs);
    bucket.take(ms);
    this.#buckets.set(client, bucket);
  }

  /** Returns the number of clients that are remembered now. */
  clients(): number {
    return this.#buckets.size;
  }

  /**
   * Checks two old clients for each new one, so that clients that have gone are forgotten. A full bucket
   * holds no information.
   */
  #forgetQuiet(nowMs: number): void {
    let left = 2;
    for (const [client, bucket] of this.#buckets) {
      const isFull = bucket.left(nowMs) === bucket.burst;
      if (left-- === 0 || (!isFull && this.#buckets.size < this.#clientsMax)) return;
      this.#buckets.delete(client);
    }
  }
}
