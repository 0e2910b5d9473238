/** A token bucket: full at first, and filled steadily. Each process has its own. */
export class TokenBucket {
  readonly perSecond: number;
  /** The size of the bucket: what may come at once after a pause. */
  readonly burst: number;
  #tokens: number;
  #atMs: number;

  /** @param rate The speed at which it fills, and its size. */
  constructor({ perSecond, burst }: { perSecond: number; burst: number }, nowMs: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Returns the number of whole tokens that are left. */
  left(nowMs: number): number {
    return Math.floor(this.#fill(nowMs));
  }

  /**
   * Returns true when so many tokens may be taken. More than a full bucket fits into a full one, which then
   * goes into debt: otherwise it could never be sent.
   */
  fits(count: number, nowMs: number): boolean {
    return this.#fill(nowMs) >= Math.min(count, this.burst);
  }

  /** Returns the seconds until so many fit, at least 1. */
  secondsUntil(count: number, nowMs: number): number {
    const missing = Math.min(count, this.burst) - this.#fill(nowMs);
    return Math.max(1, Math.ceil(missing / this.perSecond));
  }

  take(count: number): void {
    this.#tokens -= count;
  }

  giveBack(count: number): void {
    this.#tokens = Math.min(this.burst, this.#tokens + count);
  }

  /**
   * Returns the value of the header field RateLimit (draft-ietf-httpapi-ratelimit-headers-11): `r` are left,
   * and it is full again in `t` seconds.
   */
  state(name: string, nowMs: number): string {
    const left = Math.max(0, this.left(nowMs));
    const seconds = left === this.burst ? 0 : this.secondsUntil(this.burst, nowMs);
    return `"${name}";r=${left};t=${seconds}`;
  }

  /**
   * Returns the value of the header field RateLimit-Policy: `q` at once, which take `w` seconds to come back.
   */
  policy(name: string): string {
    return `"${name}";q=${this.burst};w=${Math.ceil(this.burst / this.perSecond)}`;
  }

  #fill(nowMs: number): number {
    // A clock that is set back adds no tokens, and must not empty the bucket either.
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.burst, this.#tokens + (elapsedMs * this.perSecond) / 1000);
    this.#atMs = nowMs;
    return this.#tokens;
  }
}
