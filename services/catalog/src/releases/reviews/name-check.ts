import type { Queryable } from "@mosis/postgres";
import type { Check } from "@mosis/types/reviews";
import type { ReviewRow } from "./queries.ts";
import { listSimilarApps, lockWaiting, updateChecks } from "./submission-queries.ts";

/** Compares a name with the current names of the published apps of other developers. */
export async function nameCheckOf(tx: Queryable, developerId: string, name: string): Promise<Check> {
  const similar = await listSimilarApps(tx, developerId, name);
  const code = "name_similarity";
  if (similar.length === 0) {
    return { code, result: "pass", message: "No app of another developer has a similar name.", fix: null };
  }
  const names = similar.map((app) => `“${app.name}” (${app.package_id})`).join(", ");
  const fix = "Choose a name that people do not confuse with another app, unless you own the name.";
  return { code, result: "warn", message: `Its name is similar to that of ${names}.`, fix };
}

/**
 * Returns a submission that waits with a new name check: the app may have been renamed since it was
 * submitted, and another app may have come into the store.
 */
export async function withNameCheck(tx: Queryable, row: ReviewRow): Promise<ReviewRow> {
  if (row.state !== "waiting") return row;
  return { ...row, checks: replaced(row.checks, await nameCheckOf(tx, row.developer_id, row.app_name)) };
}

/** Checks the new name of a renamed app for its waiting submission, if there is one. */
export async function renewNameCheck(
  tx: Queryable,
  app: { id: string; developer_id: string },
  name: string,
): Promise<void> {
  const waiting = await lockWaiting(tx, app.id);
  if (!waiting) return;
  const check = await nameCheckOf(tx, app.developer_id, name);
  await updateChecks(tx, waiting.id, replaced(waiting.checks, check));
}

function replaced(checks: Check[], check: Check): Check[] {
  return checks.map((one) => (one.code === check.code ? check : one));
}
