export const dayMs = 86_400_000;
export const yearMs = 365 * dayMs;

/** When everything that is seeded has happened before. Fixed, so that the same seed gives the same rows. */
export const epochMs = Date.UTC(2026, 10, 1);

export function time(ms: number): string {
  return new Date(ms).toISOString();
}
