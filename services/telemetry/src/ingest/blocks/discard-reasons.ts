/** Decides which reasons of discarding are counted separately. */
export interface DiscardReasons {
  /** Returns the reason, or `other` when its app has sent too many different ones. */
  known(appId: string, reason: string, nowMs: number): string;
}

/** @limit reasons of discarding, of an app an hour and process */
const reasonsPerAppMax = 50;
const appsMax = 10_000;
const hourMs = 3_600_000;

/**
 * Counts the first 50 reasons of an app in an hour separately, in each process. Reasons are the client's own
 * text, and a client that writes a number into them would make a row of the books for each request.
 */
export function openDiscardReasons(): DiscardReasons {
  const seen = new Map<string, Set<string>>();
  let untilMs = 0;
  return {
    known(appId, reason, nowMs) {
      if (nowMs >= untilMs || seen.size >= appsMax) {
        seen.clear();
        untilMs = nowMs + hourMs;
      }
      const reasons = seen.get(appId) ?? new Set();
      seen.set(appId, reasons);
      if (reasons.has(reason)) return reason;
      if (reasons.size >= reasonsPerAppMax) return "other";
      reasons.add(reason);
      return reason;
    },
  };
}
