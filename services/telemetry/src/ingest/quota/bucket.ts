import { telemetryLimits } from "@mosis/types/telemetry";

/** How long a bucket takes to fill: what may come at once after a pause is that many seconds' worth. */
const burstSeconds = 5;

/** Events that are taken at once at most: always a whole batch, however low the rate. */
function burstOf(eventsPerSecond: number): number {
  return Math.max(telemetryLimits.eventsPerBatchMax, eventsPerSecond * burstSeconds);
}

/** A token bucket: full at first, filled with `eventsPerSecond`. Of one process; each has its own. */
export class Bucket {
  readonly eventsPerSecond: number;
  readonly burst: number;
  #tokens: number;
  #atMs: number;

  constructor(eventsPerSecond: number, nowMs: number) {
    this.eventsPerSecond = eventsPerSecond;
    this.burst = burstOf(eventsPerSecond);
    this.#tokens = this.burst;
    this.#atMs = nowMs;
  }

  /** Whole events that may come now. */
  left(nowMs: number): number {
    return Math.floor(this.#fill(nowMs));
  }

  /** More than a full bucket fits into a full one, which is in debt then: else it could never be sent. */
  fits(events: number, nowMs: number): boolean {
    return this.#fill(nowMs) >= Math.min(events, this.burst);
  }

  /** Seconds until so many fit, at least 1. */
  secondsUntil(events: number, nowMs: number): number {
    const missing = Math.min(events, this.burst) - this.#fill(nowMs);
    return Math.max(1, Math.ceil(missing / this.eventsPerSecond));
  }

  take(events: number): void {
    this.#tokens -= events;
  }

  giveBack(events: number): void {
    this.#tokens = Math.min(this.burst, this.#tokens + events);
  }

  #fill(nowMs: number): number {
    // A clock that is set back fills nothing, and must not empty the bucket either.
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.burst, this.#tokens + (elapsedMs * this.eventsPerSecond) / 1000);
    this.#atMs = nowMs;
    return this.#tokens;
  }
}
