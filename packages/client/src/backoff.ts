/** The longest `Retry-After` that is honoured exactly; a server cannot park a client for longer. */
const retryAfterMsMax = 3_600_000;

/**
 * Returns the milliseconds to wait before the next attempt. They grow exponentially with the failures so far,
 * and are drawn at random between half of that value and all of it, so that clients that failed together do
 * not come back together. When the server named a time, the wait is that time plus a random part of `minMs`.
 */
export function backoffMs(
  failures: number,
  { minMs, maxMs, notBeforeMs = 0 }: { minMs: number; maxMs: number; notBeforeMs?: number },
): number {
  if (notBeforeMs > 0) return notBeforeMs + Math.random() * minMs;
  return (Math.min(maxMs, minMs * 2 ** Math.min(failures, 30)) * (1 + Math.random())) / 2;
}

/**
 * Returns the milliseconds that a `Retry-After` field asks for (seconds or an HTTP date), or 0 when there is
 * no valid one.
 */
export function retryAfterMs(headers: Headers, nowMs: number = Date.now()): number {
  const field = headers.get("retry-after")?.trim();
  if (!field) return 0;
  const asked = /^\d+$/.test(field) ? Number(field) * 1000 : Date.parse(field) - nowMs;
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(asked, 0), retryAfterMsMax);
}
