import type { ClientAddress } from "@mosis/http";
import {
  type Followed,
  type KafkaConfig,
  followTopics,
  type KeepUpOptions,
  type Producer,
} from "@mosis/kafka";
import type { Lifecycle, Logger, Metrics } from "@mosis/runtime";
import { type Topic, topics } from "@mosis/types/topics";
import { AccessTable } from "./access-table.ts";
import { publishKeyUses } from "./key-uses.ts";

export interface FollowedAccess {
  table: AccessTable;
  /**
   * Returns true once the table is complete. Before that no key can be judged: a key that has not been read
   * yet looks like one that does not exist. It returns false again while Kafka has other topics than those
   * that were read, until the relay has filled them.
   */
  isComplete: () => boolean;
  /**
   * The check of `/readyz`.
   * @throws Error while the table is not complete, or may be old.
   */
  check: () => void;
  /**
   * Rejects when the table can no longer be kept up to date: a revoked key would work for ever. It never
   * resolves.
   */
  failed: Promise<never>;
}

/** A reader of other topics that are read together with the access table. */
export interface Alongside {
  apply: (key: string, value: Buffer | null) => void;
  /** Forgets everything, because the topic is read again. Default: reading a record twice does no harm. */
  clear?: () => void;
}

/**
 * Reads the access table of a process from the compacted topics and keeps it up to date. It also publishes to
 * the catalog which keys are used.
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
  keepUp = {},
}: {
  kafka: KafkaConfig;
  producer: Pick<Producer, "send">;
  clientAddress: ClientAddress;
  log: Logger;
  metrics: Metrics;
  life: Lifecycle;
  /**
   * Other topics that are read together with the table and must be complete with it, each with its reader.
   */
  alongside?: Partial<Record<Topic, Alongside>>;
  /** Settings for keeping the table up to date with the topics: see `KeepUpOptions`. */
  keepUp?: KeepUpOptions;
}): Promise<FollowedAccess> {
  const table = new AccessTable({ log, clientAddress });
  const reread = countRereads(metrics);
  const followed = await followTopics(kafka, {
    ...keepUp,
    topics: [topics.keys, topics.apps, ...(Object.keys(alongside) as Topic[])],
    onRecord(topic, key, value) {
      const other = alongside[topic];
      if (other) other.apply(key, value);
      else table.apply(topic, key, value);
    },
    onAnew(topic) {
      reread(topic);
      const other = alongside[topic];
      if (other) other.clear?.();
      else table.clear(topic);
    },
    onWhole() {
      table.completed();
      log.info(table.sizes(), "The access table is complete");
    },
  });
  life.own("access table", followed, (it) => it.close());
  life.own("key uses", publishKeyUses({ uses: table.uses, producer, log, intervalMs: 5000 }), (it) =>
    it.close(),
  );
  watchTable(metrics, { table, followed });
  return {
    table,
    isComplete: () => followed.isWhole(),
    failed: followed.failed,
    check() {
      const ageMs = followed.ageMs();
      const lacking = followed.partitions().flatMap((it) => (it.isComplete ? [] : it.topic));
      if (!followed.isCaughtUp()) throw new Error("keys, apps and what belongs to them are still being read");
      if (!followed.isWhole()) {
        throw new Error(`the relay has not published all of ${lacking.join(", ")} in this Kafka yet`);
      }
      if (ageMs <= ageMsMax) return;
      throw new Error(
        `keys, apps and what belongs to them are as they were ${Math.round(ageMs / 1000)} s ago`,
      );
    },
  };
}

/**
 * An older table may accept a key that was revoked long ago.
 * @limit age of the access table; beyond it `/readyz` is 503
 */
const ageMsMax = 60_000;

function watchTable(
  metrics: Metrics,
  { table, followed }: { table: AccessTable; followed: Pick<Followed, "ageMs"> },
): void {
  metrics.level(
    "access_table_age_seconds",
    "How long ago the access table surely matched what Kafka has.",
    () => followed.ageMs() / 1000,
  );
  metrics.level("access_keys", "Keys in the access table.", () => table.sizes().keys);
  metrics.level("access_apps", "Apps in the access table.", () => table.sizes().apps);
  metrics.level(
    "access_cached_headers",
    "Authorization headers whose key is known.",
    () => table.sizes().cachedHeaders,
  );
}

function countRereads(metrics: Metrics): (topic: Topic) => void {
  const counter = metrics.counter(
    "access_topics_reread_total",
    "Times that a topic was read from its beginning because it was no longer the same topic.",
    ["topic"],
  );
  return (topic) => counter.inc({ topic });
}
