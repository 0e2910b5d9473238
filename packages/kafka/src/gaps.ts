import type { Topic } from "@mosis/types/topics";
import type { EachBatchPayload } from "kafkajs";
import { type KafkaConfig, topicOf, wireName } from "./cluster.ts";
import type { Questions } from "./questions.ts";

/** Records of a partition that are not in the log any more, and that the group never got. */
export interface LostRecords {
  topic: Topic;
  partition: number;
  /** Offset of the first of them. */
  from: bigint;
  /** Offset of the first record that is still there. */
  to: bigint;
  /** The time of that record, in milliseconds since 1970. The lost ones were older. */
  beforeMs: number;
}

/** Gets each loss before the records behind it are handled. */
export type OnLost = (lost: LostRecords, isStale: () => boolean) => Promise<void>;

/** Finds records that a group should have got next and that are not in the log any more. */
export interface Gaps {
  /**
   * Reads the group's position. Call it before a consumer fetches, and when it has got other partitions:
   * another member may have read on.
   */
  read(): Promise<void>;
  /** Checks a batch. Call it with each batch before it is handled. */
  look(payload: EachBatchPayload): Promise<void>;
}

interface Needs {
  questions: Questions;
  config: KafkaConfig & {
    group: string;
    topics: Topic[];
    onLost?: OnLost;
  };
}

/**
 * Creates the check for gaps. When a log no longer has the committed offset, kafkajs silently goes on at the
 * log's beginning and commits that. So the first offset of a batch is compared with the end of the previous
 * batch, and the first batch with what the group had committed before.
 */
export function createGaps({ questions, config }: Needs): Gaps {
  const { group, log, onLost } = config;
  const topics = config.topics.map((topic) => wireName(config, topic));
  let nextOf = new Map<string, bigint>();
  let reading = Promise.resolve();
  const readNow = async () => {
    nextOf = new Map();
    const found = await questions.ask(async (admin) => {
      await admin.connect();
      return admin.fetchOffsets({ groupId: group, topics });
    });
    for (const { topic, partitions } of found) {
      for (const { partition, offset } of partitions) {
        // Below zero nothing was committed, or the beginning of the log was.
        if (BigInt(offset) >= 0n) nextOf.set(`${partition} ${topic}`, BigInt(offset));
      }
    }
  };
  return {
    read() {
      if (!onLost) return reading;
      reading = readNow().catch((error: unknown) => {
        log.warn(
          { err: error },
          "The position of the group cannot be read: records lost now are not reported",
        );
      });
      return reading;
    },
    async look(payload) {
      const { batch } = payload;
      const first = batch.firstOffset();
      if (!onLost || first === null) return;
      await reading;
      const { topic, partition } = batch;
      const id = `${partition} ${topic}`;
      const from = nextOf.get(id);
      const to = BigInt(first);
      if (from !== undefined && from < to) {
        const beforeMs = Number(batch.messages[0]?.timestamp);
        const lost = { topic: topicOf(config, topic), partition, from, to, beforeMs };
        await onLost(lost, () => payload.isStale() || !payload.isRunning());
      }
      nextOf.set(id, BigInt(batch.lastOffset()) + 1n);
    },
  };
}
