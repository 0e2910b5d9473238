import type { IncomingBatch, OnBatch } from "@mosis/kafka";

/** Batches that are being stored, to know how old what waits is. */
export interface Held {
  /** The same handler, which counts a batch as held while it runs. */
  counting(handle: OnBatch): OnBatch;
  /** Age of the oldest record that is held, by the time that the broker gave it; 0 when nothing is. */
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
