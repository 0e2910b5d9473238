/** Which reasons of discarding are told apart. */
export interface DiscardReasons {
  /** The reason itself, or `other` when its app has told too many different ones. */
  known(appId: string, reason: string, nowMs: number): string;
}

const reasonsPerAppMax = 50;
const appsMax = 10_000;
const hourMs = 3_600_000;

/**
 * Reasons are the client's own text, and one that puts a number into them would make a row of the books a
 * request. So of an app the first 50 of an hour are told apart, in each process.
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
