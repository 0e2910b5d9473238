import type { KafkaConfig } from "@mosis/kafka";

/** Returns the name of the group of all writers of these topics: the running ones share the partitions. */
export function writerGroup({ topicPrefix }: Pick<KafkaConfig, "topicPrefix">): string {
  return `${topicPrefix}telemetry-writer`;
}
