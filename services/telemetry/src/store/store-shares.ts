import { type ClickHouse, connectionsMax } from "@mosis/clickhouse";
import { FairQueue, type FairQueueLimits } from "@mosis/runtime";
import type { Grant } from "../access/access-table.ts";

/** Returns ClickHouse for one developer: a developer who asks too much has to wait, and nobody else does. */
export type StoreOf = (grant: Pick<Grant, "developerId" | "kind">) => ClickHouse;

/** Two connections are left for readiness. */
export const storeShares: FairQueueLimits = {
  slotsMax: connectionsMax - 2,
  slotsPerKeyMax: 6,
  waitingMax: 400,
  waitingPerKeyMax: 60,
  waitMsMax: 5000,
};

/**
 * Shares the connections to ClickHouse between developers. Without shares, the slow lists of one account took
 * all connections, and everybody else waited behind them.
 */
export function createStoreOf(store: ClickHouse, limits: FairQueueLimits): StoreOf {
  const queue = new FairQueue(limits, {
    share: "Your account has too many requests running at once. Wait for some of them, then try again.",
    full: "Too many requests are waiting for the store of events. Try again later.",
  });
  return ({ developerId, kind }) => {
    // An ingest key is public: its holder must not use up what its developer has.
    const lane = `${kind} ${developerId}`;
    return { ...store, turn: (work) => queue.run(lane, work) };
  };
}
