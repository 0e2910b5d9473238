import { setTimeout as delay } from "node:timers/promises";

const pauseMs = 100;

/**
 * Tries work again while its failure may pass in a moment. One part of a broker learns of a topic or
 * partition that was just made or moved before another part does, and kafkajs reports that as a failure.
 * @param forMs The time for which it is tried again. A broker with little CPU needs more than five seconds
 * for a new topic.
 * @throws what the last try threw; at once an error that is not retriable.
 */
export async function retried<T>(work: () => Promise<T>, forMs = 5000): Promise<T> {
  const endMs = performance.now() + forMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { retriable?: unknown }).retriable !== true || performance.now() > endMs) throw error;
      await delay(pauseMs);
    }
  }
}
