import type { Queryable } from "@mosis/postgres";
import { stateConflict } from "../../shared/refusal.ts";
import { countVersions } from "./queries.ts";

/** Of one app, drafts included. */
const versionsMax = 2000;

/**
 * A code that could never be published is refused at once.
 * @param app locked.
 * @throws Problem `state_conflict` (409).
 */
export async function requireNewCode(
  tx: Queryable,
  app: { id: string; published_code_max: number | null },
  code: number,
): Promise<void> {
  const published = app.published_code_max;
  if (published !== null && code <= published) {
    throw stateConflict(`Version ${code}`, {
      code: "version_code_too_small",
      message: `is not newer than version ${published}, which was published`,
      fix: `Choose a version_code above ${published}.`,
    });
  }
  if ((await countVersions(tx, app.id, versionsMax)) < versionsMax) return;
  throw stateConflict("The app", {
    code: "versions_full",
    message: `has ${versionsMax} versions`,
    fix: "Delete drafts that you do not need.",
  });
}
