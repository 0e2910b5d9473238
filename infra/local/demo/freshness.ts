// Measures the time from an event's acknowledgement until it can be seen in SQL, by looking for it.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export interface FreshnessProbe {
  /**
   * Ends after the running measurement. Resolves with the milliseconds from each acknowledgement to the first
   * query that saw the event.
   */
  stop(): Promise<number[]>;
}

/**
 * Sends a single event every `intervalMs` and asks ClickHouse for each until it is there.
 * @param send resolves when the event with this session id is acknowledged.
 * @param isVisible resolves true when SQL sees an event of this session.
 */
export function startFreshnessProbe(options: {
  send: (sessionId: string) => Promise<void>;
  isVisible: (sessionId: string) => Promise<boolean>;
  intervalMs: number;
  /** The run fails when an event is not seen for this long. */
  deadlineMs: number;
}): FreshnessProbe {
  const { send, isVisible, intervalMs, deadlineMs } = options;
  const stop = new AbortController();
  const measure = async () => {
    const sessionId = randomUUID();
    await send(sessionId);
    const acknowledgedAt = performance.now();
    while (!(await isVisible(sessionId))) {
      if (performance.now() - acknowledgedAt > deadlineMs) {
        throw new Error(`An acknowledged event was not in SQL after ${deadlineMs / 1000} s.`);
      }
      await sleep(lookPauseMs);
    }
    return performance.now() - acknowledgedAt;
  };
  const measuring: Promise<number>[] = [];
  let finished = 0;
  const run = async () => {
    while (!stop.signal.aborted) {
      // A query costs ClickHouse something, too, so a backlog of probes does not increase the number of
      // queries.
      if (measuring.length - finished < probesAtOnceMax) {
        const one = measure();
        measuring.push(one);
        // stop() reports the error; until then the sender continues.
        one.catch(() => {}).finally(() => finished++);
      }
      await pauseUnlessStopped(intervalMs, stop.signal);
    }
    return Promise.all(measuring);
  };
  const done = run();
  done.catch(() => {});
  return {
    stop() {
      stop.abort();
      return done;
    },
  };
}

const lookPauseMs = 50;
const probesAtOnceMax = 8;

/** Returns the value below which a share of the values lie; NaN when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function pauseUnlessStopped(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
