import type { Queryable } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import type { Call } from "../../access/call.ts";
import { appendAll, type Change } from "./append.ts";

/** The audit trail in which a change is recorded, its actor, and its request. */
export type Author = Pick<Change, "developerId" | "actor" | "requestId">;

/** An action and its object. It may have another trail or actor than the change that it is part of. */
export type Event = Omit<Change, keyof Author> & Partial<Pick<Author, "developerId" | "actor">>;

/**
 * Appends the audit event and the state message of each event, last in the transaction of the change. They
 * are committed together, so that a change without its audit event is impossible.
 */
export async function record(tx: Queryable, author: Author, ...events: readonly Event[]): Promise<void> {
  await appendAll(
    tx,
    events.map((event) => ({ ...author, ...event })),
  );
}

/**
 * Returns the author of a change.
 * @param developerId the owner of the trail, when it is not the caller: an admin changes somebody else's app.
 */
export function authorOf(
  { principal, requestId }: Call,
  developerId: string = principal.developerId,
): Author {
  return { developerId, actor: principal.actor, requestId };
}

/** Returns the author of a change that no signed-in caller has made: a mail proves it, or time has passed. */
export function systemAuthor(developerId: string, requestId: string): Author {
  return { developerId, actor: systemActor, requestId };
}

/** Returns the author of a change that an operator makes on the servers. */
export function operatorAuthor(developerId: string, requestId: string): Author {
  return { developerId, actor: { kind: "operator", id: "" }, requestId };
}

export const systemActor: Author["actor"] = { kind: "system", id: "" };

// These events are recorded by several modules. For telemetry a deletion is a state without a value.

export function sessionDeleted({ id }: { id: string }): Event {
  return { action: "session.deleted", target: { type: "session", id }, payload: { id } };
}

export function keyDeleted(key: Deleted): Event {
  const state = { topic: topics.keys, key: key.id };
  return { action: "key.deleted", target: { type: "key", id: key.id }, payload: key, state };
}

export function appDeleted(app: Deleted): Event {
  const state = { topic: topics.apps, key: app.id };
  return { action: "app.deleted", target: { type: "app", id: app.id }, payload: app, state };
}

/** The deleted object, as its audit event has it. */
type Deleted = { id: string } & Record<string, unknown>;
