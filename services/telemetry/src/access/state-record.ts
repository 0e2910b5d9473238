import type { Logger } from "@mosis/runtime";
import type { Topic } from "@mosis/types/topics";

/**
 * Returns the state that a record of a compacted topic holds. A record that cannot be read is logged, and
 * gives null like a deleted one: an unknown state must not count as the last known one.
 */
export function readState<T>(
  value: Buffer,
  schema: { Check(value: unknown): value is T },
  { log, topic, id }: { log: Logger; topic: Topic; id: string },
): T | null {
  try {
    const state: unknown = JSON.parse(value.toString());
    if (schema.Check(state)) return state;
    log.error({ topic, id }, `A record of ${topic} is not in its form`);
  } catch (error) {
    log.error({ err: error, topic, id }, `A record of ${topic} is not JSON`);
  }
  return null;
}
