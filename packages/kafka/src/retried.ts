import { setTimeout as delay } from "node:timers/promises";

const triesMax = 50;
const pauseMs = 100;

/**
 * Tries again, for five seconds, what the broker may answer in a moment: a topic or partition that was just
 * made or moved is told to one part of a broker before the other, and kafkajs takes that for a failure.
 * @throws what the last try threw; at once what is not retriable.
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if ((error as { retriable?: unknown }).retriable !== true || tries === triesMax) throw error;
      await delay(pauseMs);
    }
  }
}
