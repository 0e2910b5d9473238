import type { Topic } from "@mosis/types/topics";
import type { Admin } from "kafkajs";
import { connectAll } from "./connect.ts";
import { retried } from "./retried.ts";
import { connectTo, kafkajs, type KafkaConfig, wireName } from "./cluster.ts";

/** `infra/kafka/topics.json`: topic → partitions and broker settings. */
export type TopicSpecs = Record<
  string,
  { partitions: number; replicationFactor?: number; config?: Record<string, string> }
>;

/**
 * Makes the cluster's topics match the spec: creates missing topics, adds partitions, changes settings, and
 * returns when every partition has a leader. It never removes a topic or a partition.
 * @returns the names of the topics that were created.
 */
export async function ensureTopics(config: KafkaConfig, specs: TopicSpecs): Promise<string[]> {
  const admin = connectTo(config).admin({ retry: { retries: 8, initialRetryTime: 200, maxRetryTime: 2000 } });
  await connectAll(config, [admin]);
  try {
    const existing = new Set(await admin.listTopics());
    const wanted = Object.entries(specs).map(([topic, spec]) => ({
      name: wireName(config, topic as Topic),
      spec,
    }));
    const missing = wanted.filter(({ name }) => !existing.has(name));
    if (missing.length > 0) await createTopics(admin, missing);
    const present = wanted.filter(({ name }) => existing.has(name));
    if (present.length > 0) {
      await addPartitions(admin, present);
      await fixSettings(admin, present);
    }
    return missing.map(({ name }) => name);
  } finally {
    await admin.disconnect();
  }
}

const leadersWithinMs = 30_000;

interface Wanted {
  name: string;
  spec: TopicSpecs[string];
}

async function createTopics(admin: Admin, missing: Wanted[]): Promise<void> {
  await admin.createTopics({
    // kafkajs asks only once, and reports a failure when a broker does not know the topic yet.
    waitForLeaders: false,
    timeout: 10_000,
    topics: missing.map(({ name, spec }) => ({
      topic: name,
      numPartitions: spec.partitions,
      // -1 is the broker's default: 1 on a developer's machine, 3 on a cluster.
      replicationFactor: spec.replicationFactor ?? -1,
      configEntries: Object.entries(spec.config ?? {}).map(([entry, value]) => ({ name: entry, value })),
    })),
  });
  await untilLed(admin, missing);
}

/**
 * Waits until every partition is known and has a leader. A producer that asked earlier would not know the new
 * ones for a minute.
 */
async function untilLed(admin: Admin, wanted: Wanted[]): Promise<void> {
  await retried(async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: wanted.map(({ name }) => name) });
    const leaders = new Map(
      topics.map(({ name, partitions }) => [name, partitions.map(({ leader }) => leader)]),
    );
    for (const { name, spec } of wanted) {
      const known = leaders.get(name) ?? [];
      if (known.length < spec.partitions) throw new NoLeaderYet(`${name} has not all of its partitions`);
      if (known.includes(-1)) throw new NoLeaderYet(`${name} has no leader`);
    }
  }, leadersWithinMs);
}

/** Temporary, like the errors that kafkajs calls retriable. */
class NoLeaderYet extends Error {
  readonly retriable = true;
}

async function addPartitions(admin: Admin, present: Wanted[]): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: present.map(({ name }) => name) });
  const counts = new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
  const short = present.filter(({ name, spec }) => (counts.get(name) ?? 0) < spec.partitions);
  if (short.length === 0) return;
  for (const { name, spec } of short) {
    const topicPartitions = [{ topic: name, count: spec.partitions }];
    await admin.createPartitions({ topicPartitions, timeout: 10_000 }).catch((error: unknown) => {
      // The metadata of a topic that was just changed may be old: it has that many partitions already.
      if ((error as { type?: unknown }).type !== "INVALID_PARTITIONS") throw error;
    });
  }
  await untilLed(admin, short);
}

async function fixSettings(admin: Admin, present: Wanted[]): Promise<void> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const described = await admin.describeConfigs({
    includeSynonyms: false,
    resources: present.map(({ name }) => ({ type, name })),
  });
  const current = new Map(
    described.resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
  const differing = present.filter(({ name, spec }) =>
    Object.entries(spec.config ?? {}).some(([entry, value]) => current.get(name)?.get(entry) !== value),
  );
  if (differing.length === 0) return;
  await admin.alterConfigs({
    validateOnly: false,
    resources: differing.map(({ name, spec }) => ({
      type,
      name,
      configEntries: Object.entries(spec.config ?? {}).map(([entry, value]) => ({ name: entry, value })),
    })),
  });
}
