import type { Producer } from "@mosis/kafka";
import type { Logger } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";

/** The number of partitions that flushes take turns over. */
export interface Partitions {
  count: () => number;
  /**
   * Reads the number again after a send that failed: when the topic was made anew with fewer partitions,
   * every send to the missing ones fails.
   */
  askAgain: () => void;
}

/**
 * Reads the number of partitions.
 * @throws Error when Kafka does not answer or has no such topic.
 */
export async function readPartitions({ producer, log }: Needs): Promise<Partitions> {
  let count = await producer.partitionCount(topics.events);
  let asking = false;
  return {
    count: () => count,
    askAgain() {
      if (asking) return;
      asking = true;
      producer
        .partitionCount(topics.events)
        .then((found) => {
          if (found === count || found === 0) return;
          log.warn(
            { partitions: found, before: count },
            "The topic of events has another number of partitions",
          );
          count = found;
        })
        // Kafka is away, as the failed send has reported. The next failed send reads again.
        .catch((error: unknown) => log.debug({ err: error }, "The number of partitions is not known"))
        .finally(() => {
          asking = false;
        });
    },
  };
}

interface Needs {
  producer: Producer;
  log: Logger;
}
