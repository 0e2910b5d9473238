import { TokenBucket } from "@mosis/runtime";

export interface WorkBudgetOptions {
  /** Milliseconds of CPU that come back to each client in a second. */
  msPerSecond: number;
  /** Milliseconds that a client may cost at once after a pause. */
  burstMs: number;
  /** Clients that are remembered, about 200 bytes each. Default 50 000. */
  clientsMax?: number;
}

/**
 * How much CPU time each client may cost for nothing: for requests that are refused. Only who has cost
 * something is remembered, so whoever sends what is good is never more than a look-up in a map. Of this
 * process; each has its own.
 */
export class WorkBudget {
  readonly #rate: { perSecond: number; burst: number };
  readonly #clientsMax: number;
  /** From the client that was longest quiet to the one that cost something last. */
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

  /** Whether the client has cost something that has not come back to it yet. */
  isCharged(client: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(client);
    return bucket !== undefined && bucket.left(nowMs) < bucket.burst;
  }

  /**
   * Whether the client owes twice what it may cost at once: it goes on although it is told to wait, so its
   * connections are not worth reading.
   */
  isCutOff(client: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(client);
    return bucket !== undefined && bucket.left(nowMs) < -bucket.burst;
  }

  /** The bucket may go below nothing: what something costs is known only when it is done. */
  charge(client: string, ms: number, nowMs: number): void {
    const known = this.#buckets.get(client);
    if (known) this.#buckets.delete(client);
    else this.#forgetQuiet(nowMs);
    const bucket = known ?? new TokenBucket(this.#rate, nowMs);
    // Filled up to now before anything is taken of it.
    bucket.left(nowMs);
    bucket.take(ms);
    this.#buckets.set(client, bucket);
  }

  /** Clients that are remembered now. */
  clients(): number {
    return this.#buckets.size;
  }

  /** Two for each that comes, so that those who are gone do not stay. A bucket that is full says nothing. */
  #forgetQuiet(nowMs: number): void {
    let left = 2;
    for (const [client, bucket] of this.#buckets) {
      const isFull = bucket.left(nowMs) === bucket.burst;
      if (left-- === 0 || (!isFull && this.#buckets.size < this.#clientsMax)) return;
      this.#buckets.delete(client);
    }
  }
}
