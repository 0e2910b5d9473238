import type { KafkaConfig } from "@mosis/kafka";

/** Of all writers of these topics: partitions are shared out among those that run. */
export function writerGroup({ topicPrefix }: Pick<KafkaConfig, "topicPrefix">): string {
  return `${topicPrefix}telemetry-writer`;
}
