import { setTimeout as delay } from "node:timers/promises";
import { ClickHouseUnavailable } from "@mosis/clickhouse";
import type { Logger } from "@mosis/runtime";

/** Thrown when waiting is pointless: the batch belongs to another writer now, or the process ends. */
class StaleBatch extends Error {
  constructor(cause: unknown) {
    super("Given up: the partition is being taken away, or the writer stops.", { cause });
    this.name = "StaleBatch";
  }
}

/** Does a piece of work repeatedly while a store that it needs is away. */
export type Retry = <T>(what: string, work: () => Promise<T>, isStale: () => boolean) => Promise<T>;

/**
 * Creates the retries. Nothing is dropped because a store is away: offsets stay, no further batch is fetched,
 * and the work is repeated with growing pauses until it succeeds. A refusal by ClickHouse is thrown
 * immediately, because no pause mends it.
 */
export function createRetry({
  log,
  pauseMinMs,
  pauseMaxMs,
  onFailing,
}: {
  log: Logger;
  pauseMinMs: number;
  pauseMaxMs: number;
  /** Called with the work that is not possible for now, and with null when it is possible again. */
  onFailing?: (what: string, error: unknown) => void;
}): Retry {
  return async (what, work, isStale) => {
    const startedMs = performance.now();
    for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMs * 2, pauseMaxMs)) {
      try {
        const result = await work();
        const outageMs = Math.round(performance.now() - startedMs);
        if (pauseMs > pauseMinMs) log.info({ what, outage_ms: outageMs }, `${what} works again`);
        onFailing?.(what, null);
        return result;
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (isStale()) throw new StaleBatch(error);
        onFailing?.(what, error);
        // The error is logged once an outage, not once a try.
        if (pauseMs === pauseMinMs) log.error({ err: error, what }, `${what} is not possible; trying again`);
        await pause(pauseMs, isStale);
      }
    }
  };
}

/** Marks a failure of something other than ClickHouse as temporary. */
export class TransientError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "TransientError";
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof ClickHouseUnavailable || error instanceof TransientError;
}

const staleCheckMs = 100;

async function pause(pauseMs: number, isStale: () => boolean): Promise<void> {
  const until = performance.now() + pauseMs;
  while (!isStale() && performance.now() < until) {
    await delay(Math.min(staleCheckMs, until - performance.now()));
  }
}
