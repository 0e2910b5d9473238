import type { Key } from "@mosis/types/keys";
import { topics } from "@mosis/types/topics";
import type { Event } from "../changes/outbox/record.ts";

/** Returns the audit event and the state of a key, as it is after the change. */
export function keyEvent(action: string, key: Key): Event {
  const state = { topic: topics.keys, key: key.id };
  return { action, target: { type: "key", id: key.id }, payload: key, state };
}
