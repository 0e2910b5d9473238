import type { Queryable } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import type { Call } from "../../access/call.ts";
import { appendAll, type Change } from "./append.ts";

/** In whose audit trail a change is recorded, who has made it, and with which request. */
export type Author = Pick<Change, "developerId" | "actor" | "requestId">;

/** What was done, and to what. It may have another trail or actor than the change that it is part of. */
export type Event = Omit<Change, keyof Author> & Partial<Pick<Author, "developerId" | "actor">>;

/**
 * Appends the audit event and the state message of each event, last in the transaction of the change. A
 * change without its audit event must be impossible, so they are committed together.
 */
export async function record(tx: Queryable, author: Author, ...events: readonly Event[]): Promise<void> {
  await appendAll(
    tx,
    events.map((event) => ({ ...author, ...event })),
  );
}

/** @param developerId whose trail it is, when not the caller's: an admin changes somebody else's app. */
export function authorOf(
  { principal, requestId }: Call,
  developerId: string = principal.developerId,
): Author {
  return { developerId, actor: principal.actor, requestId };
}

/** The author of what nobody who has signed in has done: a mail proves it, or time has passed. */
export function systemAuthor(developerId: string, requestId: string): Author {
  return { developerId, actor: systemActor, requestId };
}

/** The author of what an operator does on the servers. */
export function operatorAuthor(developerId: string, requestId: string): Author {
  return { developerId, actor: { kind: "operator", id: "" }, requestId };
}

export const systemActor: Author["actor"] = { kind: "system", id: "" };

// Events that several modules record. For telemetry a deletion is a state without a value.

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

/** What was deleted, as its audit event has it. */
type Deleted = { id: string } & Record<string, unknown>;
