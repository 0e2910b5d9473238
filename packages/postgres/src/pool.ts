import type { Logger } from "@mosis/runtime";
import pg from "pg";
import { asFailure } from "./failure.ts";
import { connectionOn, connectionOptions, type Queryable, type Watch } from "./connection.ts";
import { type Sql, sql } from "./sql.ts";
import { streamOf } from "./stream.ts";

export interface Pool extends Queryable {
  /**
   * Returns the same connections for a tenant: every statement runs with the tenant in the setting
   * `mosis.tenant`, which policies of row-level security read. Without a tenant the setting is empty. It is a
   * setting of the session, so a pooler in between must not share a session between clients.
   */
  as(tenant: string): Pool;
  /** Runs work with one connection, kept from start to end. A transaction needs this. */
  withConnection<T>(work: (connection: Queryable) => Promise<T>): Promise<T>;
  /** @throws Unavailable when no connection answers. */
  check(): Promise<void>;
  /** Returns the number of connections in use, of idle ones, and of callers that wait for one. */
  counts(): { used: number; idle: number; waiting: number };
  /** Waits for connections in use, then closes all of them. */
  close(): Promise<void>;
}

export interface PoolOptions extends Watch {
  url: string;
  /** The name that `pg_stat_activity` shows. */
  name: string;
  log: Logger;
  connectionsMax: number;
  /** The timeout for a new connection, and for a free one when all are in use. */
  connectTimeoutMs: number;
}

/**
 * Makes PostgreSQL use one plan for a statement, whatever its values. Otherwise it plans again for the values
 * of each call that seem worth it. That takes longer than most of our statements, and goes wrong: it assumes
 * that a policy of row-level security matches one row in 200, and read and sorted 4700 apps of a developer
 * for a page of 50. A statement whose plan has to depend on a value must be written as two statements.
 */
export const planSettings = "-c plan_cache_mode=force_generic_plan";

/**
 * Opens a pool, but no connection yet: an unreachable database shows at the first query, and at `/readyz`.
 */
export function openPool(options: PoolOptions): Pool {
  const pool = new pg.Pool({
    ...connectionOptions({ ...options, settings: planSettings }),
    // A statement is sent before the previous one is answered.
    pipeline: true,
    max: options.connectionsMax,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: 1800,
  });
  const lend = createLend(pool, options);
  const assume = createAssume();

  function withConnection<T>(tenant: string, work: (connection: Queryable) => Promise<T>): Promise<T> {
    return lend(async (client, connection) => {
      await assume(client, connection, tenant);
      return work(connection);
    });
  }

  /** Sends tenant and statement in one write. When setting the tenant failed, nobody sees the result. */
  function run(tenant: string, statement: Sql): ReturnType<Queryable["run"]> {
    return lend(async (client, connection) => {
      const stream = streamOf(client);
      stream.cork();
      const answers = Promise.allSettled([assume(client, connection, tenant), connection.run(statement)]);
      stream.uncork();
      const [assumed, result] = await answers;
      if (assumed.status === "rejected") throw assumed.reason;
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  const asTenant = (tenant: string): Pool => ({
    as: asTenant,
    withConnection: (work) => withConnection(tenant, work),
    run: (statement) => run(tenant, statement),
    check: async () => void (await run(tenant, sql`select 1`)),
    counts: () => ({
      used: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close: () => pool.end(),
  });
  return asTenant("");
}

type Work<T> = (client: pg.PoolClient, connection: Queryable) => Promise<T>;

/**
 * Runs work with a connection of the pool. The connection returns to the pool afterwards, or is discarded
 * when it broke.
 */
function createLend(pool: pg.Pool, { log, ...watch }: PoolOptions): <T>(work: Work<T>) => Promise<T> {
  // The pool replaces a connection that broke while idle. Without a listener the error would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "An idle connection to PostgreSQL was lost"));
  // The pool listens only to idle connections. A connection that breaks in use reports to its running
  // statement, and here.
  const onError = (error: Error) => log.warn({ err: error }, "A connection to PostgreSQL was lost");

  return async (work) => {
    const client = await pool.connect().catch((error: unknown) => {
      throw asFailure(error);
    });
    client.on("error", onError);
    const connection = connectionOn(client, watch);
    try {
      return await work(client, connection);
    } finally {
      client.off("error", onError);
      client.release(connection.isBroken());
    }
  };
}

/** Sets `mosis.tenant` of a connection, unless it has the value already. */
function createAssume() {
  /** The current tenant of each connection; null while it is unknown. */
  const tenants = new WeakMap<pg.PoolClient, string | null>();

  return async (client: pg.PoolClient, connection: Queryable, tenant: string): Promise<void> => {
    if (tenants.get(client) === tenant || (tenant === "" && !tenants.has(client))) return;
    tenants.set(client, null);
    await connection.run(sql`select set_config('mosis.tenant', ${tenant}, false)`);
    tenants.set(client, tenant);
  };
}
