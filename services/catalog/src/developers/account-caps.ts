import { problem } from "@mosis/http";
import { one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { lockDeveloper } from "./queries.ts";
import { requireConfirmedFor } from "./verified.ts";
import { CountRow } from "../shared/rows.ts";

/** The number of each that an account may have, so that no account grows without end. */
export interface AccountCaps {
  apps: number;
  keys: number;
}

const tables: Record<keyof AccountCaps, Sql> = { apps: sql`apps`, keys: sql`api_keys` };

/**
 * Locks the developer until the transaction ends, so that concurrent creations are counted one by one.
 * @throws Problem `limit_reached` (409) when the account has reached its limit, `email_unverified` (403) when
 * it could have more with a confirmed address.
 */
export async function requireRoomFor(
  tx: Queryable,
  what: keyof AccountCaps,
  { developerId, caps }: { developerId: string; caps: AccountCaps },
): Promise<void> {
  const developer = await lockDeveloper(tx, developerId);
  // A separate statement counts, so that it sees what the lock has waited for.
  const { count } = await one(
    tx,
    CountRow,
    sql`select count(*) as count from ${tables[what]} where developer_id = ${developerId}`,
  );
  requireConfirmedFor(developer, what, count);
  const max = caps[what];
  if (count < max) return;
  throw problem("limit_reached", `Your account has ${count} ${what} and may have ${max}; delete some first.`);
}
