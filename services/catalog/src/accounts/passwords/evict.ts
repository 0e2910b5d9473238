import type { Queryable } from "@mosis/postgres";
import { deleteAccountTokens } from "../tokens/queries.ts";
import { keyEvent } from "../../keys/events.ts";
import { deleteKeysOf, quarantineKeysOf } from "../../keys/queries.ts";
import { deleteMails } from "../../developers/mail-queue.ts";
import { deleteFlowsOf } from "../../sign-in/oauth/queries.ts";
import { type Event, keyDeleted, sessionDeleted } from "../../changes/outbox/record.ts";
import { deleteOtherSessions } from "../../sign-in/sessions/queries.ts";
import { webhookEvent } from "../../webhooks/subscriptions/events.ts";
import { deleteWebhooksOf, quarantineWebhooksOf } from "../../webhooks/subscriptions/queries.ts";
import { unlinkProvider } from "./queries.ts";

/** The parts of an account that are closed. */
export interface Eviction {
  /** The only session that stays; null ends all. Undefined ends none. */
  sessionKept?: string | null;
  keys: "keep" | "quarantine" | "delete";
  webhooks: "keep" | "quarantine" | "delete";
  unlinkProvider: boolean;
}

/**
 * For an owner who has proved the address: existing keys and webhooks may be a thief's, so they wait to be
 * confirmed.
 */
export const ofThief: Eviction = {
  sessionKept: null,
  keys: "quarantine",
  webhooks: "quarantine",
  unlinkProvider: true,
};

/**
 * For an account whose address was never confirmed: anybody may have made it, so everything in it is deleted.
 */
export const ofStranger: Eviction = {
  sessionKept: null,
  keys: "delete",
  webhooks: "delete",
  unlinkProvider: true,
};

/**
 * Closes the ways in to an account that somebody else may have opened. This is the one place for it: a new
 * way to sign in, or a new kind of credential, must be closed here, too. Anything begun and not finished (a
 * change of the address, a reset, a flow with a provider) ends in any case.
 * @returns the events to record, last in the transaction.
 */
export async function evict(tx: Queryable, developerId: string, eviction: Eviction): Promise<Event[]> {
  // The mails come first: one that is being sent makes its token until then.
  await deleteMails(tx, developerId, ["email_change"]);
  await deleteAccountTokens(tx, developerId, ["email_change", "password_reset"]);
  await deleteFlowsOf(tx, developerId);
  const { sessionKept } = eviction;
  const sessions = sessionKept === undefined ? [] : await deleteOtherSessions(tx, developerId, sessionKept);
  return [
    ...sessions.map((session) => sessionDeleted(session)),
    ...(await evictKeys(tx, developerId, eviction.keys)),
    ...(await evictWebhooks(tx, developerId, eviction.webhooks)),
    ...(eviction.unlinkProvider ? await evictProvider(tx, developerId) : []),
  ];
}

async function evictKeys(tx: Queryable, developerId: string, what: Eviction["keys"]): Promise<Event[]> {
  if (what === "keep") return [];
  if (what === "delete") return (await deleteKeysOf(tx, developerId)).map((key) => keyDeleted(key));
  return (await quarantineKeysOf(tx, developerId)).map((key) => keyEvent("key.quarantined", key));
}

async function evictWebhooks(
  tx: Queryable,
  developerId: string,
  what: Eviction["webhooks"],
): Promise<Event[]> {
  if (what === "keep") return [];
  const [action, webhooks] =
    what === "delete"
      ? ["webhook.deleted", await deleteWebhooksOf(tx, developerId)]
      : ["webhook.quarantined", await quarantineWebhooksOf(tx, developerId)];
  return webhooks.map((webhook) => webhookEvent(action, webhook));
}

async function evictProvider(tx: Queryable, developerId: string): Promise<Event[]> {
  const payload = await unlinkProvider(tx, developerId);
  if (!payload) return [];
  const target = { type: "developer", id: developerId };
  return [{ action: "developer.oauth_unlinked", target, payload }];
}
