import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Developer } from "@mosis/types/developers";
import { findDeveloper } from "./queries.ts";

/**
 * What an account may have until its address is confirmed. Anybody registers any address, and its mails are
 * all that tells one person from a thousand: so such an account takes few package ids from others and little
 * room. What it may send is in `allowed_events_per_day` of the migrations.
 */
const unconfirmedMax = { apps: 3, keys: 20, webhooks: 3 } as const;

/**
 * What others get to see needs a developer who can be reached: an unverified one submits no version and
 * publishes nothing, and has few apps, keys and webhooks. Drafts and telemetry need no verified address.
 * @param db for the developer, or for everybody.
 * @throws Problem `email_unverified` (403).
 */
export async function requireVerified(db: Queryable, developerId: string): Promise<void> {
  const developer = await findDeveloper(db, developerId);
  if (developer?.verified) return;
  throw problem("email_unverified", `Confirm your e-mail address first: ${sendAgain}`);
}

/**
 * @param count how many the account has.
 * @throws Problem `email_unverified` (403) when an account without a confirmed address has its few.
 */
export function requireConfirmedFor(
  developer: Developer | null,
  what: keyof typeof unconfirmedMax,
  count: number,
): void {
  if (!developer || developer.verified || developer.role !== "developer") return;
  const max = unconfirmedMax[what];
  if (count < max) return;
  const detail = `Until its e-mail address is confirmed an account has up to ${max} ${what}.`;
  throw problem("email_unverified", `${detail} ${sendAgain}`);
}

const sendAgain = "POST /v1/developers/me:send-verification sends the mail again.";
