import type { ClientAddress } from "@mosis/http";
import { type KafkaConfig, followTopics, type Producer } from "@mosis/kafka";
import type { Lifecycle, Logger, Metrics } from "@mosis/runtime";
import { type Topic, topics } from "@mosis/types/topics";
import { AccessTable } from "./access.ts";
import { tellKeyUses } from "./key-uses.ts";

export interface FollowedAccess {
  table: AccessTable;
  /** Before that nobody can be judged: a key that is not there yet looks like one that does not exist. */
  isComplete: () => boolean;
  /** Rejects when the table can no longer be kept up: a revoked key would work for ever. Never resolves. */
  failed: Promise<never>;
}

/**
 * The access table of a process, read from the compacted topics and kept as they are. Tells the catalog which
 * keys are used.
 * @throws Error when Kafka cannot be reached or a topic is missing.
 */
export async function followAccess({
  kafka,
  producer,
  clientAddress,
  log,
  metrics,
  life,
  alongside = {},
}: {
  kafka: KafkaConfig;
  producer: Pick<Producer, "send">;
  clientAddress: ClientAddress;
  log: Logger;
  metrics: Metrics;
  life: Lifecycle;
  /** What else is read with it, and must be complete with it: topic → what takes its records. */
  alongside?: Partial<Record<Topic, (key: string, value: Buffer | null) => void>>;
}): Promise<FollowedAccess> {
  const table = new AccessTable({ log, clientAddress });
  let complete = false;
  const followed = await followTopics(kafka, {
    topics: [topics.keys, topics.apps, ...(Object.keys(alongside) as Topic[])],
    onRecord(topic, key, value) {
      const apply = alongside[topic];
      if (apply) apply(key, value);
      else table.apply(topic, key, value);
    },
  });
  life.own("access table", followed, (it) => it.close());
  life.own("key uses", tellKeyUses({ uses: table.uses, producer, log, intervalMs: 5000 }), (it) =>
    it.close(),
  );
  void followed.caughtUp.then(() => {
    complete = true;
    table.completed();
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
  if (!isComplete()) throw new Error("keys, apps and what belongs to them are still being read");
}
