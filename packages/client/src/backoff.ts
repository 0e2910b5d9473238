/** Longest `Retry-After` that is honoured to the letter; a server cannot park a client for longer. */
const retryAfterMsMax = 3_600_000;

/**
 * Milliseconds to wait before the next attempt: exponential in the number of failures so far, between half
 * and all of
 * it by chance, so that clients that failed together do not come back together. When the server named a time,
 * it is
 * that time and up to `minMs` by chance.
 */
export function backoffMs(
  failures: number,
  { minMs, maxMs, notBeforeMs = 0 }: { minMs: number; maxMs: number; notBeforeMs?: number },
): number {
  if (notBeforeMs > 0) return notBeforeMs + Math.random() * minMs;
  return (Math.min(maxMs, minMs * 2 ** Math.min(failures, 30)) * (1 + Math.random())) / 2;
}

/**
 * Milliseconds that a `Retry-After` field asks for (seconds or an HTTP date), 0 when there is none that makes
 * sense.
 */
export function retryAfterMs(headers: Headers, nowMs: number = Date.now()): number {
  const field = headers.get("retry-after")?.trim();
  if (!field) return 0;
  const asked = /^\d+$/.test(field) ? Number(field) * 1000 : Date.parse(field) - nowMs;
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(asked, 0), retryAfterMsMax);
}
