import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Developer } from "@mosis/types/developers";
import { findDeveloper } from "./queries.ts";

/**
 * The numbers that an account may have until its address is confirmed. Anybody can register any address, and
 * only mails tell one person from a thousand accounts, so such an account may take few package ids and little
 * space. The migrations limit what it may send (`allowed_events_per_day`).
 */
const unconfirmedMax = { apps: 3, keys: 20, webhooks: 3 } as const;

/**
 * Requires a confirmed address for everything that others can see: an unverified developer cannot submit a
 * version or publish, and has few apps, keys and webhooks. Drafts and telemetry need no verified address.
 * @param db may be limited to the developer, or not at all.
 * @throws Problem `email_unverified` (403).
 */
export async function requireVerified(db: Queryable, developerId: string): Promise<void> {
  const developer = await findDeveloper(db, developerId);
  if (developer?.verified) return;
  throw problem("email_unverified", `Confirm your e-mail address first: ${sendAgain}`);
}

/**
 * @param count is the number that the account has.
 * @throws Problem `email_unverified` (403) when an account without a confirmed address has reached its limit.
 */
export function requireConfirmedFor(
  developer: Developer | null,
  what: keyof typeof unconfirmedMax,
  count: number,
): void {
  if (!developer || developer.verified || developer.role !== "developer") return;
  const max = unconfirmedMax[what];
  if (count < max) return;
  const detail = `An account may have up to ${max} ${what} until its e-mail address is confirmed.`;
  throw problem("email_unverified", `${detail} ${sendAgain}`);
}

const sendAgain = "POST /v1/developers/me:send-verification sends the mail again.";
