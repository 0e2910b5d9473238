import type { Logger } from "@mosis/runtime";
import pg from "pg";
import { asFailure } from "./failure.ts";
import { connectionOn, connectionOptions, type Queryable, type SlowQuery } from "./connection.ts";
import { sql } from "./sql.ts";

export interface Pool extends Queryable {
  /** Runs with one connection, kept from begin to end; what a transaction needs. */
  withConnection<T>(work: (connection: Queryable) => Promise<T>): Promise<T>;
  /** @throws Unavailable when no connection answers. */
  check(): Promise<void>;
  /** Connections in use, idle, and callers that wait for one. */
  counts(): { used: number; idle: number; waiting: number };
  /** Waits for connections in use, then closes all. */
  close(): Promise<void>;
}

export interface PoolOptions {
  url: string;
  /** Shown in `pg_stat_activity`. */
  name: string;
  log: Logger;
  connectionsMax: number;
  /** For a new connection, and for a free one when all are in use. */
  connectTimeoutMs: number;
  statementTimeoutMs: number;
  /** Queries from here on are told to `onSlowQuery`. Default 250 ms. */
  slowQueryMsMin?: number;
  onSlowQuery?: (query: SlowQuery) => void;
}

/** Opens no connection yet: a database that is away shows at the first query, and at `/readyz`. */
export function openPool(options: PoolOptions): Pool {
  const { log, connectionsMax } = options;
  const pool = new pg.Pool({
    ...connectionOptions(options),
    max: connectionsMax,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: 1800,
  });
  // The pool replaces a connection that broke while idle. Without a listener the error would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "An idle connection to PostgreSQL was lost"));

  // The pool listens to idle connections only; one that breaks in use tells its running statement, and us.
  const onError = (error: Error) => log.warn({ err: error }, "A connection to PostgreSQL was lost");

  async function withConnection<T>(work: (connection: Queryable) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch((error: unknown) => {
      throw asFailure(error);
    });
    client.on("error", onError);
    const connection = connectionOn(client, options);
    try {
      return await work(connection);
    } finally {
      client.off("error", onError);
      client.release(connection.isBroken());
    }
  }

  return {
    withConnection,
    run: (statement) => withConnection((connection) => connection.run(statement)),
    async check() {
      await withConnection((connection) => connection.run(sql`select 1`));
    },
    counts: () => ({
      used: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close: () => pool.end(),
  };
}
