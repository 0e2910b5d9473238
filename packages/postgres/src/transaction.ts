import { setTimeout as wait } from "node:timers/promises";
import type { Queryable } from "./connection.ts";
import { isWorthRerunning } from "./failure.ts";
import type { Pool } from "./pool.ts";
import { type Sql, sql } from "./sql.ts";

const runsMax = 5;
const retryDelayMsMax = 100;

/**
 * Runs `work` in one transaction: commits when it resolves, rolls back when it throws. After a serialization
 * failure or a deadlock everything runs again, five times at most, so `work` must do nothing that cannot be
 * undone.
 * @throws what `work` throws; Unavailable when PostgreSQL is the cause. When the connection breaks during the
 * commit, it is unknown whether the commit happened.
 */
export async function transaction<T>(db: Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
  for (let run = 1; ; run++) {
    try {
      return await db.withConnection((connection) => runOnce(connection, sql`begin`, work));
    } catch (error) {
      if (run >= runsMax || !isWorthRerunning(error)) throw error;
      // Two transactions that met once would meet again if both waited the same time.
      await wait(Math.random() * retryDelayMsMax);
    }
  }
}

/**
 * Runs statements that only read, all of them on the data as it was at the first one. None of them sees what
 * others commit meanwhile.
 * @throws what `work` throws; Unavailable when PostgreSQL is the cause.
 */
export function snapshot<T>(db: Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const begin = sql`begin isolation level repeatable read, read only`;
  return db.withConnection((connection) => runOnce(connection, begin, work));
}

async function runOnce<T>(
  connection: Queryable,
  begin: Sql,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  await connection.run(begin);
  let result: T;
  try {
    result = await work(connection);
  } catch (error) {
    // This fails only when the connection is lost, and then the server rolls back itself.
    await connection.run(sql`rollback`).catch(() => undefined);
    throw error;
  }
  await connection.run(sql`commit`);
  return result;
}
