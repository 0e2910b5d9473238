// Helpers that the tests of this package share.
import { randomUUID } from "node:crypto";
import { createLogger } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";
import { ensureTopics, type KafkaConfig, readKafka } from "../src/index.ts";

export const log = createLogger({ service: "test", level: "silent" });

/** Makes topics for one test, on the broker that all tests share. */
export async function freshKafka(): Promise<KafkaConfig> {
  const kafka = { ...readKafka(process.env), clientId: "test", topicPrefix: `out-${randomUUID()}-`, log };
  await ensureTopics(kafka, { [topics.usage]: { partitions: 4 } });
  return kafka;
}

export async function eventually(holds: () => Promise<void> | void): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      return await holds();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
