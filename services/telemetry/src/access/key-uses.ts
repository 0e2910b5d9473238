import type { Producer } from "@mosis/kafka";
import type { Logger } from "@mosis/runtime";
import type { KeyUseRecord } from "@mosis/types/key-uses";
import { topics } from "@mosis/types/topics";

/**
 * Each process publishes the use of a key at most once in this time.
 * @limit between two reports of a process to the catalog that a key is used
 */
export const keyUseIntervalMs = 300_000;

/** 700 kB; a record of the topic may have 1 MB. */
const keysPerRecordMax = 10_000;

/** Keys that were used since their last publication: never more than there are keys. */
export class KeyUses {
  readonly #usedAtMs = new Map<string, number>();

  note(keyId: string, nowMs: number): void {
    this.#usedAtMs.set(keyId, Math.max(nowMs, this.#usedAtMs.get(keyId) ?? 0));
  }

  /**
   * Returns what the next record has to say, and forgets it; null when there is nothing. Call `note` again
   * for what was lost.
   */
  take(): KeyUseRecord | null {
    const used_at: KeyUseRecord["used_at"] = {};
    let keys = 0;
    for (const [keyId, usedAtMs] of this.#usedAtMs) {
      used_at[keyId] = usedAtMs;
      this.#usedAtMs.delete(keyId);
      if (++keys === keysPerRecordMax) break;
    }
    return keys > 0 ? { used_at } : null;
  }
}

/**
 * Publishes which keys are in use to the catalog, for developers who ask before they delete one. Uses that
 * could not be published are published with the next interval; a second publication of the same use changes
 * nothing.
 */
export function publishKeyUses({
  uses,
  producer,
  log,
  intervalMs,
}: {
  uses: KeyUses;
  producer: Pick<Producer, "send">;
  log: Logger;
  intervalMs: number;
}): { close(): Promise<void> } {
  let publishing: Promise<void> | null = null;

  const publish = async () => {
    for (let record = uses.take(); record; record = uses.take()) {
      try {
        await producer.send([{ topic: topics.keyUses, messages: [{ value: JSON.stringify(record) }] }]);
      } catch (error) {
        log.warn(
          { err: error },
          "Uses of keys could not be published; they are published with the next interval",
        );
        for (const [keyId, usedAtMs] of Object.entries(record.used_at)) uses.note(keyId, usedAtMs);
        return;
      }
    }
  };
  const publishOnce = () =>
    (publishing ??= publish().finally(() => {
      publishing = null;
    }));
  const timer = setInterval(() => void publishOnce(), intervalMs);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await publishing;
      await publishOnce();
    },
  };
}
