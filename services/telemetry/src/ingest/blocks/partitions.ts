import type { Producer } from "@mosis/kafka";
import type { Logger } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";

/** The number of partitions that flushes take turns over. */
export interface Partitions {
  count: () => number;
  /**
   * Asks again after a send that failed: when somebody has made the topic anew with fewer, what is sent to
   * the others fails for ever.
   */
  askAgain: () => void;
}

/** @throws Error when Kafka does not answer or has no such topic. */
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
        // Kafka is away, as the send says that failed. The next one asks again.
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
