import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { findDeveloper } from "./queries.ts";

/**
 * What others get to see needs a developer who can be reached: an unverified one submits no version and
 * publishes nothing, and has a few apps. Keys, drafts and telemetry need no verified address.
 * @param db for the developer, or for everybody.
 * @throws Problem `email_unverified` (403).
 */
export async function requireVerified(db: Queryable, developerId: string): Promise<void> {
  const developer = await findDeveloper(db, developerId);
  if (developer?.verified) return;
  throw problem(
    "email_unverified",
    "Confirm your e-mail address first: POST /v1/developers/me:send-verification sends the mail again.",
  );
}
