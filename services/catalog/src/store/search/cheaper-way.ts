/** Hits that fill most pages. */
const pageHits = 50;

// µs of PostgreSQL, measured: to look an app up in another list, to read the row of one that was found, and
// to read on by an entry in lists that are in step.
const lookUpUs = 0.6;
const rowUs = 3;
const entryUs = 0.12;

/**
 * Returns whether the apps of several terms are found sooner by looking up all of the rarest one in the other
 * lists than by reading all lists in step until a page is full, if the terms have nothing to do with each
 * other. The first takes as long as the rarest term has apps, the second the longer the fewer apps have all.
 * @param appsOf how many apps each term has, out of `apps`; estimates will do.
 */
export function isLookUpCheaper(appsOf: readonly number[], apps: number): boolean {
  const hits = appsOf.reduce((found, some) => (found * some) / Math.max(apps, 1), apps);
  const entries = appsOf.reduce((sum, some) => sum + some, 0) * Math.min(1, pageHits / hits);
  return Math.min(...appsOf) * lookUpUs + hits * rowUs <= entries * entryUs;
}
