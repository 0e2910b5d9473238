// Operations on Kafka that tests need and no process of ours makes.
import type { Topic } from "@mosis/types/topics";
import type { Admin } from "kafkajs";
import { connectTo, type KafkaConfig, wireName } from "./cluster.ts";
import { retried } from "./retried.ts";
import { ensureTopics, type TopicSpecs } from "./topics.ts";

/** Deletes topics with all their records, and makes them again: the state after Kafka has lost its data. */
export async function remakeTopics(config: KafkaConfig, specs: TopicSpecs): Promise<void> {
  const names = Object.keys(specs).map((topic) => wireName(config, topic as Topic));
  await withAdmin(config, async (admin) => {
    await admin.deleteTopics({ topics: names });
    await retried(async () => {
      const left = await admin.listTopics();
      if (names.some((name) => left.includes(name))) throw new NotYet("The topics are still there");
    });
  });
  await ensureTopics(config, specs);
}

/** Temporary, like the errors that kafkajs calls retriable. */
class NotYet extends Error {
  readonly retriable = true;
}

/** Deletes the records of a partition up to an offset, as retention does. */
export async function deleteRecordsBefore(
  config: KafkaConfig,
  { topic, partition, offset }: { topic: Topic; partition: number; offset: number },
): Promise<void> {
  const name = wireName(config, topic);
  await withAdmin(config, async (admin) => {
    // kafkajs deletes only in topics that it has asked about before.
    await admin.fetchTopicOffsets(name);
    // The broker learns a moment later that a topic may lose records.
    await retried(async () => {
      try {
        await admin.deleteTopicRecords({ topic: name, partitions: [{ partition, offset: String(offset) }] });
      } catch (error) {
        throw new NotYet("The records cannot be deleted", { cause: error });
      }
    });
  });
}

async function withAdmin(config: KafkaConfig, work: (admin: Admin) => Promise<void>): Promise<void> {
  const admin = connectTo(config).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
