/** Attempts of a delivery: with the pauses below, the last one begins about a day after the first. */
export const attemptsMax = 10;

const firstPauseMs = 5000;
const factor = 4;
const pauseMaxMs = 8 * 3_600_000;
/** So that what failed together does not come back together. */
const jitterShare = 0.2;

/**
 * The pause behind a failed attempt: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 6 h, 8 h, 8 h, each up to a
 * fifth shorter or longer. Who asks for more with Retry-After gets it, up to the longest of these.
 * @param attempt of the failed one, from 1.
 * @param chance from 0 to 1.
 * @returns null when it was the last.
 */
export function pauseAfter(attempt: number, retryAfterMs: number | null, chance: number): number | null {
  if (attempt >= attemptsMax) return null;
  const plannedMs = Math.min(pauseMaxMs, firstPauseMs * factor ** (attempt - 1));
  const jitteredMs = plannedMs * (1 - jitterShare + 2 * jitterShare * chance);
  return Math.round(Math.max(jitteredMs, Math.min(retryAfterMs ?? 0, pauseMaxMs)));
}

/** RFC 9110 §10.2.3: seconds, or a date. Null for what is neither, or is over. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return ms > 0 ? ms : null;
}
