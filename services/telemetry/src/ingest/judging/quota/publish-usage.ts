import type { Producer } from "@mosis/kafka";
import type { Logger } from "@mosis/runtime";
import type { UsageRecord } from "@mosis/types/telemetry-usage";
import { topics } from "@mosis/types/topics";
import { dayOf, type Usage } from "./usage.ts";

export interface UsagePublisher {
  /** Returns the events of today that Kafka has no record of yet. */
  unpublished(): number;
  /** Publishes the rest. */
  close(): Promise<void>;
}

/** 450 kB; a record of the topic may have 1 MB. */
const appsPerRecordMax = 10_000;

/**
 * Publishes what was taken, in one record an interval, to the other ingest processes and to this one after a
 * restart. A record that could not be sent stays as it is, with its sequence number, and is sent again: a
 * copy that did arrive counts once.
 */
export function publishUsage({
  usage,
  producer,
  log,
  intervalMs,
}: {
  usage: Usage;
  producer: Pick<Producer, "send">;
  log: Logger;
  intervalMs: number;
}): UsagePublisher {
  let pending: UsageRecord | null = null;
  let publishing: Promise<void> | null = null;

  const publish = async () => {
    try {
      let isMore = true;
      while (isMore) {
        const isLeft = pending !== null;
        pending ??= usage.takeRecord(dayOf(Date.now()), appsPerRecordMax);
        if (!pending) return;
        const message = { key: usage.process, value: JSON.stringify(pending) };
        await producer.send([{ topic: topics.usage, messages: [message] }]);
        isMore = isLeft || Object.keys(pending.events).length === appsPerRecordMax;
        pending = null;
      }
    } catch (error) {
      log.warn({ err: error }, "Usage could not be published; it is published with the next interval");
    }
  };
  const publishOnce = () =>
    (publishing ??= publish().finally(() => {
      publishing = null;
    }));
  const timer = setInterval(() => {
    usage.forgetOldDays();
    void publishOnce();
  }, intervalMs);
  timer.unref();
  return {
    unpublished() {
      const onItsWay = Object.values(pending?.events ?? {}).reduce((sum, events) => sum + events, 0);
      return onItsWay + usage.unpublished(dayOf(Date.now()));
    },
    async close() {
      clearInterval(timer);
      await publishing;
      await publishOnce();
    },
  };
}
