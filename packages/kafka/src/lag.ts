import { Unavailable } from "@mosis/runtime";
import type { Topic } from "@mosis/types/topics";
import type { Admin } from "kafkajs";
import { connectTo, type KafkaConfig, wireName } from "./cluster.ts";
import { withDeadline } from "./deadline.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { openQuestions } from "./questions.ts";

/** Records of a partition that the group has not committed. */
export interface GroupLag {
  topic: Topic;
  partition: number;
  records: number;
  /** Offset of the first of them, or of the next record that will come. */
  next: number;
  /** True when the group has ever committed there, as far as the broker still knows. */
  isCommitted: boolean;
}

/**
 * Returns how far a group is behind.
 * @param admin It is connected at the first call.
 */
export async function groupLag(
  admin: Admin,
  config: KafkaConfig,
  group: string,
  topics: Topic[],
): Promise<GroupLag[]> {
  await admin.connect();
  const found = await admin.fetchOffsets({
    groupId: group,
    topics: topics.map((topic) => wireName(config, topic)),
  });
  const lags = topics.map(async (topic) => {
    const name = wireName(config, topic);
    const offsets = new Map(
      found.find((entry) => entry.topic === name)?.partitions.map((p) => [p.partition, Number(p.offset)]),
    );
    const ends = await admin.fetchTopicOffsets(name);
    return ends.map(({ partition, high, low }) => {
      // -1 means that nothing is committed. Records that retention has removed no longer count.
      const committed = offsets.get(partition) ?? -1;
      const next = Math.max(committed, Number(low));
      const records = Math.max(0, Number(high) - next);
      return { topic, partition, records, next, isCommitted: committed >= 0 };
    });
  });
  return (await Promise.all(lags)).flat();
}

export interface LagReader {
  /**
   * Returns how far the group is behind. A record that was acknowledged before the call and is not counted is
   * committed.
   * @throws Unavailable when Kafka does not answer within the deadline.
   */
  read(): Promise<GroupLag[]>;
  close(): Promise<void>;
}

export interface LagReaderOptions {
  group: string;
  topics: Topic[];
  /** Timeout of one question to the brokers. Default 3 s. */
  deadlineMs?: number;
}

/**
 * Watches a group from outside, without joining. It connects at the first call. Only one question is under
 * way, however many callers there are.
 */
export function openLagReader(config: KafkaConfig, options: LagReaderOptions): LagReader {
  const { group, topics, deadlineMs = 3000 } = options;
  const questions = openQuestions(connectTo(config).admin({ retry: { retries: 1 } }));
  const read = oneAtATime(async () => {
    const asked = questions.ask((admin) => groupLag(admin, config, group, topics));
    try {
      return await withDeadline(asked, deadlineMs, "Reading a lag");
    } catch (error) {
      throw new Unavailable("The delay of storing is not known right now. Try again later.", {
        cause: error,
      });
    }
  });
  return { read, close: () => questions.close() };
}
