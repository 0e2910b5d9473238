import type { BatchContext, IncomingBatch, OnBatch } from "@mosis/kafka";

/** Batches of several partitions that are stored together. */
export interface Gathered {
  batches: IncomingBatch[];
  /** True when one of them is about to be taken away: finish nothing that waits. */
  isStale: () => boolean;
}

/**
 * Group commit: what one fetch brought of all partitions, and what arrives while the last group is being
 * stored, becomes one group. Few large inserts make few parts, which is what ClickHouse's merges have to
 * live with. No timer paces it. The size of a group is bounded by what the consumer may hold.
 */
export function gather(store: (gathered: Gathered) => Promise<void>): OnBatch {
  let waiting: Waiting[] = [];
  let busy = false;

  const pump = async () => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await settle(group, store);
    }
    busy = false;
  };

  return (batch, context) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.push({ batch, context, resolve, reject });
    if (!busy) {
      busy = true;
      // This runs after the batches of the same fetch, which are handed over in the same turn of the event
      // loop.
      setImmediate(() => void pump());
    }
    return promise;
  };
}

interface Waiting {
  batch: IncomingBatch;
  context: BatchContext;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/**
 * Stores a group. It never rejects: a failure is reported to every batch of the group, and each is handed
 * over again.
 */
async function settle(group: Waiting[], store: (gathered: Gathered) => Promise<void>): Promise<void> {
  try {
    await store({
      batches: group.map(({ batch }) => batch),
      isStale: () => group.some(({ context }) => context.isStale()),
    });
    for (const { resolve } of group) resolve();
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
