export const dayMs = 86_400_000;
export const yearMs = 365 * dayMs;

/**
 * The time before which everything that is seeded has happened. It is fixed, so that the same seed gives the
 * same rows.
 */
export const epochMs = Date.UTC(2026, 10, 1);

export function time(ms: number): string {
  return new Date(ms).toISOString();
}
