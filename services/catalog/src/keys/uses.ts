import { type Consumer, type KafkaConfig, openConsumer } from "@mosis/kafka";
import type { Pool } from "@mosis/postgres";
import type { Logger } from "@mosis/runtime";
import { KeyUseRecord } from "@mosis/types/key-uses";
import { topics } from "@mosis/types/topics";
import { Compile } from "typebox/compile";
import { isUuid } from "../shared/identifier.ts";
import { touchKeys } from "./queries.ts";

const isRecord = Compile(KeyUseRecord);

/** Of one statement. */
const keysAtOnceMax = 1000;

/**
 * Takes what telemetry has seen of keys in use to the catalog, so that a list of keys shows it. Whatever
 * comes twice, late or from several relays changes nothing.
 * @param db of the owner, who sees the keys of everybody.
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
      if (!record) log.error({ offset }, "A record of the uses of keys is not in its form, and passed over");
      for (const [id, usedAtMs] of Object.entries(record?.used_at ?? {})) {
        if (isUuid(id)) used.set(id, Math.max(usedAtMs, used.get(id) ?? 0));
      }
    }
    // In one order, so that two relays do not wait for each other's keys.
    const ids = [...used.keys()].toSorted();
    for (let from = 0; from < ids.length; from += keysAtOnceMax) {
      const some = ids.slice(from, from + keysAtOnceMax);
      // A clock that is ahead must not keep later uses from being seen.
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
