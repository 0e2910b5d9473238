import { type Consumer, type KafkaConfig, openConsumer } from "@mosis/kafka";
import type { Pool } from "@mosis/postgres";
import type { Logger } from "@mosis/runtime";
import { KeyUseRecord } from "@mosis/types/key-uses";
import { topics } from "@mosis/types/topics";
import { Compile } from "typebox/compile";
import { isUuid } from "../shared/identifier.ts";
import { touchKeys } from "./queries.ts";

const isRecord = Compile(KeyUseRecord);

/** The largest number of keys in one statement. */
const keysAtOnceMax = 1000;

/**
 * Stores the uses of keys that telemetry has seen, so that lists of keys show them. A record that comes
 * twice, late or from several relays changes nothing.
 * @param db connects as the owner, who sees the keys of all developers.
 */
export function followKeyUses({
  kafka,
  db,
  log,
}: {
  kafka: KafkaConfig;
  db: Pool;
  log: Logger;
}): Promise<Consumer> {
  const options = {
    group: `${kafka.topicPrefix}catalog-key-uses`,
    topics: [topics.keyUses],
    minBytes: 1,
    maxWaitMs: 1000,
    maxBytesPerPartition: 4_194_304,
  };
  return openConsumer({ ...kafka, ...options }, async ({ records }) => {
    const used = new Map<string, number>();
    for (const { value, offset } of records) {
      const record = readRecord(value);
      if (!record) log.error({ offset }, "Skipped a record of uses of keys that does not match its schema");
      for (const [id, usedAtMs] of Object.entries(record?.used_at ?? {})) {
        if (isUuid(id)) used.set(id, Math.max(usedAtMs, used.get(id) ?? 0));
      }
    }
    // All relays update keys in the same order, so that two of them do not wait for each other.
    const ids = [...used.keys()].toSorted();
    for (let from = 0; from < ids.length; from += keysAtOnceMax) {
      const some = ids.slice(from, from + keysAtOnceMax);
      // A clock that is ahead must not hide later uses.
      const nowMs = Date.now();
      await touchKeys(
        db,
        some.map((id) => ({ id, usedAtMs: Math.min(used.get(id) ?? 0, nowMs) })),
      );
    }
  });
}

function readRecord(value: Buffer | null): KeyUseRecord | null {
  try {
    const record: unknown = JSON.parse(String(value));
    return isRecord.Check(record) ? record : null;
  } catch {
    return null;
  }
}
