import type { Queryable } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import { deleteAccountTokens } from "../tokens/queries.ts";
import { quarantineKeysOf } from "../../keys/quarantine-queries.ts";
import { deleteKeysOf } from "../../keys/queries.ts";
import { deleteMails } from "../../developers/mail-queue.ts";
import { deleteFlowsOf } from "../../sign-in/oauth/queries.ts";
import type { Change } from "../../changes/outbox/append.ts";
import { type By, keyDeleted, sessionDeleted } from "../../changes/outbox/events.ts";
import { deleteOtherSessions } from "../../sign-in/sessions/queries.ts";
import { webhookChange } from "../../webhooks/subscriptions/events.ts";
import { deleteWebhooksOf, quarantineWebhooksOf } from "../../webhooks/subscriptions/queries.ts";
import { unlinkProvider } from "./queries.ts";

/** What is closed of an account. */
export interface Eviction {
  /** Ends all but this one; null ends all. Undefined ends none. */
  sessionKept?: string | null;
  keys: "keep" | "quarantine" | "delete";
  webhooks: "keep" | "quarantine" | "delete";
  unlinkProvider: boolean;
}

/** For an owner who has proved the address: what was there may be a thief's, so it waits to be confirmed. */
export const ofThief: Eviction = {
  sessionKept: null,
  keys: "quarantine",
  webhooks: "quarantine",
  unlinkProvider: true,
};

/** For an account whose address was never confirmed: who has made it may be anybody, so all of it goes. */
export const ofStranger: Eviction = {
  sessionKept: null,
  keys: "delete",
  webhooks: "delete",
  unlinkProvider: true,
};

/**
 * Closes the ways in to an account that somebody else may have opened. This is the one place for it: another
 * way to sign in, or another credential, is closed here, too. What was begun and not finished (a change of
 * the address, a reset, a flow with a provider) ends in any case.
 * @param by whose account, and who closes it.
 * @returns what is to be appended to the outbox, last in the transaction.
 */
export async function evict(tx: Queryable, by: By, eviction: Eviction): Promise<Change[]> {
  const { developerId } = by;
  // First the mails: one that is being sent draws its token until then.
  await deleteMails(tx, developerId, ["email_change"]);
  await deleteAccountTokens(tx, developerId, ["email_change", "password_reset"]);
  await deleteFlowsOf(tx, developerId);
  const { sessionKept } = eviction;
  const sessions = sessionKept === undefined ? [] : await deleteOtherSessions(tx, developerId, sessionKept);
  return [
    ...sessions.map((session) => sessionDeleted(by, session)),
    ...(await evictKeys(tx, by, eviction.keys)),
    ...(await evictWebhooks(tx, by, eviction.webhooks)),
    ...(eviction.unlinkProvider ? await evictProvider(tx, by) : []),
  ];
}

async function evictKeys(tx: Queryable, by: By, what: Eviction["keys"]): Promise<Change[]> {
  if (what === "keep") return [];
  if (what === "delete") return (await deleteKeysOf(tx, by.developerId)).map((key) => keyDeleted(by, key));
  const changes: Change[] = [];
  for (const key of await quarantineKeysOf(tx, by.developerId)) {
    const target = { type: "key", id: key.id };
    changes.push({
      ...by,
      action: "key.quarantined",
      target,
      payload: key,
      state: { topic: topics.keys, key: key.id },
    });
  }
  return changes;
}

async function evictWebhooks(tx: Queryable, by: By, what: Eviction["webhooks"]): Promise<Change[]> {
  if (what === "keep") return [];
  const [action, webhooks] =
    what === "delete"
      ? ["webhook.deleted", await deleteWebhooksOf(tx, by.developerId)]
      : ["webhook.quarantined", await quarantineWebhooksOf(tx, by.developerId)];
  return webhooks.map((webhook) => webhookChange(by, action, webhook));
}

async function evictProvider(tx: Queryable, by: By): Promise<Change[]> {
  const payload = await unlinkProvider(tx, by.developerId);
  if (!payload) return [];
  const target = { type: "developer", id: by.developerId };
  return [{ ...by, action: "developer.oauth_unlinked", target, payload }];
}
