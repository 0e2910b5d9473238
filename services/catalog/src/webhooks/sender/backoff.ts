/**
 * The attempts of a delivery. With the pauses below, the last one begins about a day after the first.
 * @limit attempts of a delivery to a webhook
 */
export const attemptsMax = 10;

const firstPauseMs = 5000;
const factor = 4;
const pauseMaxMs = 8 * 3_600_000;
/** The share by which pauses vary, so that deliveries that failed together do not return together. */
const jitterShare = 0.2;

/**
 * Returns the pause after a failed attempt: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 6 h, 8 h, 8 h, each up to
 * a fifth shorter or longer. A receiver that asks for more with Retry-After gets it, up to the longest of
 * these.
 * @param attempt the number of the failed attempt, from 1.
 * @param chance from 0 to 1.
 * @returns null when it was the last attempt.
 */
export function pauseAfter(attempt: number, retryAfterMs: number | null, chance: number): number | null {
  if (attempt >= attemptsMax) return null;
  const plannedMs = Math.min(pauseMaxMs, firstPauseMs * factor ** (attempt - 1));
  const jitteredMs = plannedMs * (1 - jitterShare + 2 * jitterShare * chance);
  return Math.round(Math.max(jitteredMs, Math.min(retryAfterMs ?? 0, pauseMaxMs)));
}

/**
 * Reads RFC 9110 §10.2.3: seconds, or a date. Returns null for any other text, and for a date that has
 * passed.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return ms > 0 ? ms : null;
}
