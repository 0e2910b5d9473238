import type { IncomingBatch, OnBatch } from "@mosis/kafka";

/** The batches that are being stored, to know how old the waiting records are. */
export interface Held {
  /** Returns the same handler, which counts a batch as held while it runs. */
  counting(handle: OnBatch): OnBatch;
  /**
   * Returns the age of the oldest record that is held, by the broker's time of it; 0 when nothing is held.
   */
  oldestSeconds(): number;
}

export function createHeld(): Held {
  const held = new Set<IncomingBatch>();
  return {
    counting: (handle) => async (batch, context) => {
      held.add(batch);
      try {
        await handle(batch, context);
      } finally {
        held.delete(batch);
      }
    },
    oldestSeconds() {
      const times = [...held].map(({ records: [first] }) => first?.timestamp ?? Date.now());
      return times.length === 0 ? 0 : Math.max(0, Date.now() - Math.min(...times)) / 1000;
    },
  };
}
