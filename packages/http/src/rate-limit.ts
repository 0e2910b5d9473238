import type { ServerResponse } from "node:http";
import { TokenBucket } from "@mosis/runtime";
import { problem } from "./problem.ts";

/** The number of requests of a kind that one client may send. */
export interface RatePolicy {
  /** The name in header fields and refusals: `reads`. */
  name: string;
  /** The kind of client that it counts, as a refusal names it: `account`. */
  per: string;
  /** Requests in every minute, and the burst after a pause. */
  requestsPerMinute: number;
}

export interface RateLimitOptions {
  /** The number of clients that are remembered, about 250 bytes each. Default 50 000. */
  clientsMax?: number;
  now?: () => number;
}

/**
 * A token bucket for each client, only in this process: several processes allow several times as much. Every
 * answer says what is left (draft-ietf-httpapi-ratelimit-headers-11).
 */
export class RateLimit {
  readonly #policy: RatePolicy;
  readonly #rate: { perSecond: number; burst: number };
  readonly #policyField: string;
  readonly #clientsMax: number;
  readonly #now: () => number;
  /** Ordered from the client that has been quiet for longest to the latest one. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(policy: RatePolicy, { clientsMax = 50_000, now = Date.now }: RateLimitOptions = {}) {
    this.#policy = policy;
    this.#rate = { perSecond: policy.requestsPerMinute / 60, burst: policy.requestsPerMinute };
    this.#policyField = new TokenBucket(this.#rate, 0).policy(policy.name);
    this.#clientsMax = clientsMax;
    this.#now = now;
  }

  /**
   * Counts a request, and reports the rest to the client in the answer's headers.
   * @param client The owner of a bucket: the id of a key, or an address. It is only kept in memory.
   * @throws Problem `rate_limited` (429) with `Retry-After`. The request is not counted then.
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

  /** Gives a request back that turned out not to be of the kind that is counted. */
  giveBack(client: string): void {
    this.#buckets.get(client)?.giveBack(1);
  }

  /** Returns the number of clients that are remembered now. */
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

  /**
   * Checks two old clients for each new one, so that clients that have gone are forgotten. A full bucket
   * holds no information.
   */
  #forgetQuiet(nowMs: number): void {
    let left = 2;
    for (const [client, bucket] of this.#buckets) {
      const isFull = bucket.left(nowMs) === bucket.burst;
      // Memory is bounded, even when a client then gets more than the policy allows.
      if (left-- === 0 || (!isFull && this.#buckets.size < this.#clientsMax)) return;
      this.#buckets.delete(client);
    }
  }
}
