import { randomUUID } from "node:crypto";
import { UsageRecord } from "@mosis/types/telemetry-usage";
import { Compile } from "typebox/compile";

export const dayMs = 86_400_000;

/** Returns the number of the day since 1970, UTC. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / dayMs);
}

/**
 * How many days are kept: yesterday, today, and two days of a clock that was wrong.
 * @limit usage that an ingest process remembers
 */
const daysKeptMax = 4;
/**
 * How many days from today a record of another process may be. Records of other days are ignored: their
 * clocks are wrong, or ours is.
 */
const daysApartMax = 2;

interface Tally {
  /** Events of all processes, as far as they have published them. */
  events: number;
  /** Events of this process that are not in a record yet. */
  unpublished: number;
}

const isRecord = Compile(UsageRecord);

/**
 * How many events of each app were taken today, by all ingest processes together. Each process publishes what
 * it has taken in records. Its own events count immediately, those of the others with their records.
 */
export class Usage {
  /**
   * The key of this process' records. It is new at every start, because earlier records then belong to
   * another process.
   */
  readonly process = randomUUID();
  /**
   * Today, and tomorrow when a process whose clock is ahead of ours has published it; earlier days stay until
   * others take their place. They are in the order in which something was first counted for them.
   */
  readonly #days = new Map<number, Map<string, Tally>>();
  /** The last record of each other process that was counted. */
  readonly #told = new Map<string, { sequence: number; day: number }>();
  #sequence = 0;

  events(appId: string, day: number): number {
    return this.#days.get(day)?.get(appId)?.events ?? 0;
  }

  /** @param events a negative number gives back. */
  count(appId: string, day: number, events: number): void {
    const tally = this.#tallyOf(appId, day);
    tally.events += events;
    tally.unpublished += events;
  }

  /**
   * Applies a record of `telemetry.usage`.
   * @throws Error when the record is not in its form.
   */
  apply(process: string, value: Buffer | null, today: number): void {
    const record: unknown = JSON.parse(String(value));
    if (!isRecord.Check(record)) throw new Error("A usage record is not in its form");
    const { sequence, day, events } = record;
    if (process === this.process || sequence <= (this.#told.get(process)?.sequence ?? 0)) return;
    this.#told.set(process, { sequence, day });
    if (Math.abs(day - today) > daysApartMax) return;
    for (const appId in events) this.#tallyOf(appId, day).events += events[appId] as number;
  }

  /**
   * Returns the next record of this process: what it has not published of that day, of at most so many apps.
   * Null when there is nothing to publish.
   */
  takeRecord(day: number, appsMax: number): UsageRecord | null {
    const events: Record<string, number> = {};
    let apps = 0;
    for (const [appId, tally] of this.#days.get(day) ?? []) {
      if (tally.unpublished === 0) continue;
      events[appId] = tally.unpublished;
      tally.unpublished = 0;
      if (++apps === appsMax) break;
    }
    return apps > 0 ? { sequence: ++this.#sequence, day, events } : null;
  }

  /**
   * Returns the events of that day that no record has yet. A kill would lose them, but only from the count.
   */
  unpublished(day: number): number {
    let events = 0;
    for (const tally of this.#days.get(day)?.values() ?? []) events += tally.unpublished;
    return events;
  }

  /**
   * Forgets the days for which something was first counted longest ago. It does not forget every day before
   * today: a clock that was wrong for a moment must find its day again, with everything that was taken.
   */
  forgetOldDays(): void {
    for (const day of this.#days.keys()) {
      if (this.#days.size <= daysKeptMax) break;
      this.#days.delete(day);
    }
    for (const [process, { day }] of this.#told) {
      if (day < Math.min(...this.#days.keys())) this.#told.delete(process);
    }
  }

  #tallyOf(appId: string, day: number): Tally {
    let apps = this.#days.get(day);
    if (!apps) this.#days.set(day, (apps = new Map<string, Tally>()));
    let tally = apps.get(appId);
    if (!tally) apps.set(appId, (tally = { events: 0, unpublished: 0 }));
    return tally;
  }
}
