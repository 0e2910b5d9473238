import type { Pool } from "@mosis/postgres";
import { FairQueue } from "@mosis/runtime";
import { everyone } from "./principal.ts";

export interface ConnectionLimits {
  /** The number of connections of the pool. */
  connectionsMax: number;
  /** The maximum time that a statement or transaction waits for its turn. */
  waitMsMax: number;
}

/** The share of the connections that one developer may use at once. It is at least one connection. */
const shareOfDeveloper = 0.3;
/**
 * The share that work for no particular account may use at once: the store's readers, and look-ups of
 * credentials.
 */
const shareOfEverybody = 0.7;
/** @limit requests of a developer that wait for a connection to PostgreSQL */
const waitingOfDeveloperMax = 200;
const waitingMax = 2000;

/**
 * Returns the same pool with a share for each developer. Beyond its share, a developer waits in turn with
 * others. Without shares 200 parallel changes of one account, which wait for each other's locks, held all
 * connections, and everybody else got 503.
 */
export function shareConnections(db: Pool, { connectionsMax, waitMsMax }: ConnectionLimits): Pool {
  const part = (share: number) => Math.max(1, Math.floor(connectionsMax * share));
  const [own, common] = [part(shareOfDeveloper), part(shareOfEverybody)];
  const queue = new FairQueue(
    {
      slotsMax: connectionsMax,
      slotsPerKeyMax: (tenant) => (isNobodys(tenant) ? common : own),
      waitingMax,
      // The store's readers share no account, so 300 waiting readers do not mean that one of them asks too
      // much.
      waitingPerKeyMax: (tenant) => (isNobodys(tenant) ? Infinity : waitingOfDeveloperMax),
      waitMsMax,
    },
    {
      share: "Your account has too many requests running at once. Wait for some of them, then try again.",
      full: "Too many requests are waiting for the database. Try again later.",
    },
  );
  const sharing = (pool: Pool, tenant: string): Pool => ({
    ...pool,
    as: (other) => sharing(pool.as(other), other),
    run: (statement) => queue.run(tenant, () => pool.run(statement)),
    withConnection: (work) => queue.run(tenant, () => pool.withConnection(work)),
    counts: () => ({ ...pool.counts(), waiting: pool.counts().waiting + queue.counts().waiting }),
  });
  return sharing(db, "");
}

function isNobodys(tenant: string): boolean {
  return tenant === "" || tenant === everyone;
}
