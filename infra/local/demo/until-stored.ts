import { setTimeout as sleep } from "node:timers/promises";
import type { ClickHouse } from "@mosis/clickhouse";
import { MosisProblem, type Query } from "@mosis/client";
import { UserError } from "../endpoints.ts";
import { missingBatches, selectDeliveries } from "./books.ts";
import type { Ledger } from "./ledger.ts";
import { patiently } from "./patience.ts";

/** The number of receipts that are read one by one; all other batches are awaited in SQL. */
const receiptsMax = 20;

/**
 * Waits until the receipts of the last batches say stored and ClickHouse has a record of every acknowledged
 * delivery.
 * @throws UserError when that takes longer than the deadline, or when a batch was dead-lettered.
 */
export async function untilStored(options: {
  store: ClickHouse;
  query: Query;
  appIds: readonly string[];
  ledger: Ledger;
  deadlineMs: number;
}): Promise<void> {
  const { store, query, appIds, ledger, deadlineMs } = options;
  const startedAt = performance.now();
  const waitOrGiveUp = async (what: string) => {
    if (performance.now() - startedAt > deadlineMs)
      throw new UserError(`${what} after ${deadlineMs / 1000} s.`);
    await sleep(100);
  };

  const last = [...ledger.entries.keys()].slice(-receiptsMax);
  for (const batchId of last) {
    for (;;) {
      const state = await stateOf(query, batchId);
      if (state === "stored") break;
      if (state === "dead_lettered") throw new UserError(`Batch ${batchId} was dead-lettered.`);
      await waitOrGiveUp(`The receipt of batch ${batchId} still says ${state}`);
    }
  }
  for (;;) {
    const missing = missingBatches(ledger, await selectDeliveries(store, appIds));
    if (missing.length === 0) break;
    await waitOrGiveUp(`${missing.length} acknowledged batches are not in ClickHouse`);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`The last ${last.length} receipts say stored, ${seconds} s after the last acknowledgement.\n`);
}

async function stateOf(query: Query, batchId: string): Promise<string> {
  try {
    return (await patiently(() => query.receipt(batchId))).state;
  } catch (error) {
    // The batch is acknowledged and still on its way: query has not heard of it yet, or does not know our key
    // yet.
    if (error instanceof MosisProblem && (error.status === 404 || error.status === 401)) return error.code;
    throw error;
  }
}
