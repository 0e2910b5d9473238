import { type KafkaConfig, followTopics } from "@mosis/kafka";
import type { Lifecycle, Logger, Metrics } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";
import { AccessTable } from "./access.ts";

export interface FollowedAccess {
  table: AccessTable;
  /** Before that nobody can be judged: a key that is not there yet looks like one that does not exist. */
  isComplete: () => boolean;
  /** Rejects when the table can no longer be kept up: a revoked key would work for ever. Never resolves. */
  failed: Promise<never>;
}

/**
 * The access table of a process, read from the compacted topics and kept as they are.
 * @throws Error when Kafka cannot be reached or a topic is missing.
 */
export async function followAccess({
  kafka,
  log,
  metrics,
  life,
}: {
  kafka: KafkaConfig;
  log: Logger;
  metrics: Metrics;
  life: Lifecycle;
}): Promise<FollowedAccess> {
  const table = new AccessTable({ log });
  let complete = false;
  const followed = await followTopics(kafka, {
    topics: [topics.keys, topics.apps],
    onRecord: (topic, id, value) => table.apply(topic, id, value),
  });
  life.own("access table", followed, (it) => it.close());
  void followed.caughtUp.then(() => {
    complete = true;
    log.info(table.sizes(), "The access table is complete");
  });
  metrics.level("access_keys", "Keys in the access table.", () => table.sizes().keys);
  metrics.level("access_apps", "Apps in the access table.", () => table.sizes().apps);
  metrics.level(
    "access_cached_headers",
    "Authorization headers whose key is known.",
    () => table.sizes().cachedHeaders,
  );
  return { table, isComplete: () => complete, failed: followed.failed };
}

/** The check of `/readyz`. @throws Error while the table is not complete. */
export function checkAccess({ isComplete }: FollowedAccess): void {
  if (!isComplete()) throw new Error("keys and apps are still being read");
}
