import { problem } from "@mosis/http";
import { one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { lockDeveloper } from "./queries.ts";
import { requireConfirmedFor } from "./verified.ts";
import { CountRow } from "../shared/rows.ts";

/** How many of each an account may have, so that nothing of one account grows without end. */
export interface AccountCaps {
  apps: number;
  keys: number;
}

const tables: Record<keyof AccountCaps, Sql> = { apps: sql`apps`, keys: sql`api_keys` };

/**
 * Locks the developer until the transaction ends, so that of several creations at once none is counted late.
 * @throws Problem `limit_reached` (409) when the account has as many as it may, `email_unverified` (403) when
 * it would have more with a confirmed address.
 */
export async function requireRoomFor(
  tx: Queryable,
  what: keyof AccountCaps,
  { developerId, caps }: { developerId: string; caps: AccountCaps },
): Promise<void> {
  const developer = await lockDeveloper(tx, developerId);
  // A statement of its own: what was waited for is committed before this one counts.
  const { count } = await one(
    tx,
    CountRow,
    sql`select count(*) as count from ${tables[what]} where developer_id = ${developerId}`,
  );
  requireConfirmedFor(developer, what, count);
  const max = caps[what];
  if (count < max) return;
  throw problem(
    "limit_reached",
    `Your account has ${count} ${what}, and may have ${max}: delete some first.`,
  );
}
