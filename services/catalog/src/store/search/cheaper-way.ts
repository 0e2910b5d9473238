/** The number of hits that fills most pages. */
const pageHits = 50;

// Measured µs of PostgreSQL: to look an app up in another list, to read the row of a found app, and to read
// the next entry of lists that are read in step.
const lookUpUs = 0.6;
const rowUs = 3;
const entryUs = 0.12;

/**
 * Returns true when it is faster to look up all apps of the rarest term in the other lists than to read all
 * lists in step until a page is full, if the terms are independent. The first way takes longer the more apps
 * the rarest term has, the second the fewer apps have all terms.
 * @param appsOf is the number of apps of each term, out of `apps`; estimates are good enough.
 */
export function isLookUpCheaper(appsOf: readonly number[], apps: number): boolean {
  const hits = appsOf.reduce((found, some) => (found * some) / Math.max(apps, 1), apps);
  const entries = appsOf.reduce((sum, some) => sum + some, 0) * Math.min(1, pageHits / hits);
  return Math.min(...appsOf) * lookUpUs + hits * rowUs <= entries * entryUs;
}
