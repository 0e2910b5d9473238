import { topics } from "@mosis/types/topics";
import type { Change } from "./append.ts";

// What is told when something is gone: its audit event, and for telemetry a record without a value.

/** In whose trail, who has done it, and with which request. */
export type By = Pick<Change, "developerId" | "actor" | "requestId">;

/** What was there, as its audit event has it. */
type Gone = { id: string } & Record<string, unknown>;

export function sessionDeleted(by: By, { id }: { id: string }): Change {
  return { ...by, action: "session.deleted", target: { type: "session", id }, payload: { id } };
}

export function keyDeleted(by: By, key: Gone): Change {
  return {
    ...by,
    action: "key.deleted",
    target: { type: "key", id: key.id },
    payload: key,
    state: { topic: topics.keys, key: key.id },
  };
}

export function appDeleted(by: By, app: Gone): Change {
  return {
    ...by,
    action: "app.deleted",
    target: { type: "app", id: app.id },
    payload: app,
    state: { topic: topics.apps, key: app.id },
  };
}
