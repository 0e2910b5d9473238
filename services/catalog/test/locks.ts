import assert from "node:assert/strict";
import { execute, type Queryable, sql } from "@mosis/postgres";
import { eventually } from "./support.ts";

/** Until so many statements wait for what others of the same database have locked. */
export function untilWaiting(db: Queryable, count: number): Promise<void> {
  return eventually(async () => {
    const waiting = sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    assert.equal(await execute(db, waiting), count);
  });
}
