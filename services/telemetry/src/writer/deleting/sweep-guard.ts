import type { ClickHouse } from "@mosis/clickhouse";
import { clockOffsetMsMax, storeClockOffset } from "../../clocks.ts";

/** The limits of what a sweep may do without an operator. */
export interface SweepLimits {
  /** The most days from the newest event that was received until now. */
  quietDaysMax: number;
  /** The largest part of all stored events that one sweep deletes, in percent. */
  percentMax: number;
}

export type SweepRefusal = "clock" | "quiet" | "share";

/** Nothing was deleted, because the time that a sweep uses, or the number of rows, is not plausible. */
export class SweepRefused extends Error {
  readonly reason: SweepRefusal;

  constructor(reason: SweepRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface SweepFound {
  rows: number;
  expired: number;
  /** Milliseconds since 1970. */
  newestReceivedMs: number;
}

/** @throws SweepRefused when our clock and ClickHouse's are more than a minute apart. */
export async function requireClock(store: ClickHouse, now: () => number): Promise<void> {
  const offsetMs = await storeClockOffset(store, now);
  if (Math.abs(offsetMs) <= clockOffsetMsMax) return;
  throw new SweepRefused(
    "clock",
    `The writer's clock is ${Math.round(offsetMs / 1000)} s ahead of ClickHouse's: correct the wrong one.`,
  );
}

const dayMs = 86_400_000;

/** @throws SweepRefused when a wrong clock is more likely than that all this is to be deleted. */
export function judgeSweep(found: SweepFound, nowMs: number, limits: SweepLimits): void {
  const { rows, expired, newestReceivedMs } = found;
  if (expired === 0) return;
  const quietDays = (nowMs - newestReceivedMs) / dayMs;
  if (quietDays > limits.quietDaysMax) {
    throw new SweepRefused(
      "quiet",
      `The newest event was received ${Math.floor(quietDays)} days ago. If the clock is right, set ` +
        `WRITER_SWEEP_QUIET_DAYS_MAX (now ${limits.quietDaysMax}) higher, or send an event.`,
    );
  }
  const percent = (100 * expired) / rows;
  if (percent > limits.percentMax) {
    throw new SweepRefused(
      "share",
      `A sweep would delete ${expired} of ${rows} rows. If that is right, set WRITER_SWEEP_PERCENT_MAX ` +
        `(now ${limits.percentMax}) to ${Math.ceil(percent)} or more until it is done.`,
    );
  }
}
