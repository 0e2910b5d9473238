import { randomUUID } from "node:crypto";
import { UsageRecord } from "@mosis/types/telemetry-usage";
import { Compile } from "typebox/compile";

export const dayMs = 86_400_000;

/** Days since 1970, UTC. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / dayMs);
}

/** Yesterday, today, and two days of a clock that was wrong. */
const daysKeptMax = 4;
/** What others tell of other days is not believed: their clocks are wrong, or ours is. */
const daysApartMax = 2;

interface Tally {
  /** Of all processes, as far as they have told. */
  events: number;
  /** Of this process, not in a record yet. */
  unpublished: number;
}

const isRecord = Compile(UsageRecord);

/**
 * How many events of each app were taken today, by all ingest processes together. Each tells what it has
 * taken in records; own events count at once, those of others with their record.
 */
export class Usage {
  /** Key of this process' records. A new one at every start: what was told before is somebody else's then. */
  readonly process = randomUUID();
  /**
   * Today, and tomorrow when a process with a clock ahead of ours has told of it; those before, until others
   * take their place. In the order in which something was first counted for them.
   */
  readonly #days = new Map<number, Map<string, Tally>>();
  /** Of each other process the last record that was counted. */
  readonly #told = new Map<string, { sequence: number; day: number }>();
  #sequence = 0;

  events(appId: string, day: number): number {
    return this.#days.get(day)?.get(appId)?.events ?? 0;
  }

  /** @param events negative gives back. */
  count(appId: string, day: number, events: number): void {
    const tally = this.#tallyOf(appId, day);
    tally.events += events;
    tally.unpublished += events;
  }

  /**
   * A record of `telemetry.usage`.
   * @throws Error when it is not in its form.
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
   * The next record of this process: what it has not told of that day, of so many apps at most. Null when
   * there is nothing to tell.
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

  /** Events of that day that no record tells yet: what a kill would lose, of the count alone. */
  unpublished(day: number): number {
    let events = 0;
    for (const tally of this.#days.get(day)?.values() ?? []) events += tally.unpublished;
    return events;
  }

  /**
   * Forgets the days that something was first counted for longest ago. Not all that are before today: a clock
   * that was wrong for a moment must find its day again, with all that was taken.
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
