import type { ServerResponse } from "node:http";
import { TokenBucket } from "@mosis/runtime";
import { problem } from "./problem.ts";

/** How many requests of a kind one client may send. */
export interface RatePolicy {
  /** As header fields and refusals call it: `reads`. */
  name: string;
  /** Whom it counts, as a refusal says it: `account`. */
  per: string;
  /** At once after a pause, and in every minute from then on. */
  requestsPerMinute: number;
}

export interface RateLimitOptions {
  /** Clients that are remembered, about 250 bytes each. Default 50 000. */
  clientsMax?: number;
  now?: () => number;
}

/**
 * A bucket for each client, of this process alone: several processes allow several times as much. Says in
 * every answer what is left (draft-ietf-httpapi-ratelimit-headers-11).
 */
export class RateLimit {
  readonly #policy: RatePolicy;
  readonly #rate: { perSecond: number; burst: number };
  readonly #policyField: string;
  readonly #clientsMax: number;
  readonly #now: () => number;
  /** From the client that was longest quiet to the one that came last. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(policy: RatePolicy, { clientsMax = 50_000, now = Date.now }: RateLimitOptions = {}) {
    this.#policy = policy;
    this.#rate = { perSecond: policy.requestsPerMinute / 60, burst: policy.requestsPerMinute };
    this.#policyField = new TokenBucket(this.#rate, 0).policy(policy.name);
    this.#clientsMax = clientsMax;
    this.#now = now;
  }

  /**
   * Counts a request, and tells the client with the answer.
   * @param client whoever has a bucket of its own: the id of a key, an address. Kept in memory alone.
   * @throws Problem `rate_limited` (429) with `Retry-After`; nothing is counted then.
   */
  take(res: ServerResponse, client: string): void {
    const nowMs = this.#now();
    const bucket = this.#bucketOf(client, nowMs);
    const fits = bucket.fits(1, nowMs);
    if (fits) bucket.take(1);
    const { name, per, requestsPerMinute } = this.#policy;
    res.setHeader("RateLimit-Policy", this.#policyField);
    res.setHeader("RateLimit", bucket.state(name, nowMs));
    if (fits) return;
    const seconds = bucket.secondsUntil(1, nowMs);
    const fix = `Send it again in ${seconds} s.`;
    throw problem(
      "rate_limited",
      `The policy ${name} allows ${requestsPerMinute} a minute per ${per}. ${fix}`,
      {
        headers: { "Retry-After": String(seconds) },
      },
    );
  }

  /** For a request that turned out not to be of the kind that is counted. */
  giveBack(client: string): void {
    this.#buckets.get(client)?.giveBack(1);
  }

  /** Clients that are remembered now. */
  clients(): number {
    return this.#buckets.size;
  }

  #bucketOf(client: string, nowMs: number): TokenBucket {
    const known = this.#buckets.get(client);
    if (known) this.#buckets.delete(client);
    else this.#forgetQuiet(nowMs);
    const bucket = known ?? new TokenBucket(this.#rate, nowMs);
    this.#buckets.set(client, bucket);
    return bucket;
  }

  /** Two for each that comes, so that those who are gone do not stay. A bucket that is full says nothing. */
  #forgetQuiet(nowMs: number): void {
    let left = 2;
    for (const [client, bucket] of this.#buckets) {
      const isFull = bucket.left(nowMs) === bucket.burst;
      // Memory is bounded, even when that gives somebody more than the policy does.
      if (left-- === 0 || (!isFull && this.#buckets.size < this.#clientsMax)) return;
      this.#buckets.delete(client);
    }
  }
}
