import type { Topic } from "@mosis/types/topics";
import type { Admin } from "kafkajs";
import { type KafkaConfig, wireName } from "./cluster.ts";

/** Records of a partition that the group has not committed. */
export interface GroupLag {
  topic: Topic;
  partition: number;
  records: number;
}

/** @param admin connected at the first call. */
export async function groupLag(
  admin: Admin,
  config: KafkaConfig,
  group: string,
  topics: Topic[],
): Promise<GroupLag[]> {
  await admin.connect();
  const committed = await admin.fetchOffsets({
    groupId: group,
    topics: topics.map((topic) => wireName(config, topic)),
  });
  const lags = topics.map(async (topic) => {
    const name = wireName(config, topic);
    const offsets = new Map(
      committed.find((entry) => entry.topic === name)?.partitions.map((p) => [p.partition, Number(p.offset)]),
    );
    const ends = await admin.fetchTopicOffsets(name);
    return ends.map(({ partition, high, low }) => {
      // Nothing committed is -1; what retention has removed is no longer ahead of anybody.
      const next = Math.max(offsets.get(partition) ?? -1, Number(low));
      return { topic, partition, records: Math.max(0, Number(high) - next) };
    });
  });
  return (await Promise.all(lags)).flat();
}
