import { isDeepStrictEqual } from "node:util";
import { etagOf, type Problem, problem, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { NewWebhook, Webhook, WebhookChange } from "@mosis/types/webhooks";
import { findDeveloper } from "../../developers/queries.ts";
import { requireConfirmedFor } from "../../developers/verified.ts";
import { credentialsInvalid } from "../../access/authenticate.ts";
import { requireHearing } from "../../access/event-readers.ts";
import { shareKey } from "../../access/queries.ts";
import { isUuid } from "../../shared/identifier.ts";
import { notify } from "../../developers/mail-queue.ts";
import type { Call } from "../../access/call.ts";
import type { Principal } from "../../access/principal.ts";
import { authorOf, record } from "../../changes/outbox/record.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import type { SecretBox } from "../../shared/secret-box.ts";
import { webhookEvent } from "./events.ts";
import * as queries from "./queries.ts";
import { newWebhookSecret } from "./secret.ts";

/**
 * The maximum for a developer: each change of theirs may become a delivery to every webhook.
 * @limit webhooks of a developer
 */
const webhooksMax = 20;
/** The time for which the previous secret also signs after a rotation. */
const graceHours = 24;

/** The address of a webhook, as `readWebhookUrl` has read it. */
interface Address {
  url: string;
  host: string;
}

/** A webhook with its new secret, which nobody can read again. */
interface WithSecret {
  webhook: Webhook;
  secret: string;
}

export async function createWebhook(
  tx: Queryable,
  call: Call,
  { body, address, secrets }: { body: NewWebhook; address: Address; secrets: SecretBox },
): Promise<WithSecret> {
  const { developerId } = call.principal;
  await requireRecent(tx, call.principal);
  const { event_types: eventTypes, description = "" } = body;
  const setter = await setterOf(tx, call.principal);
  requireHearing(setter.permissions, eventTypes);
  const count = await queries.countLocked(tx, developerId);
  requireConfirmedFor(await findDeveloper(tx, developerId), "webhooks", count);
  if (count >= webhooksMax) {
    throw problem("state_conflict", `You have ${webhooksMax} webhooks: delete one first.`);
  }
  const id = newId();
  const secret = newWebhookSecret();
  const row = { id, ...address, eventTypes, description, secret: secrets.seal(secret, id), setter };
  const webhook = await queries.insertWebhook(tx, developerId, row);
  await notifyIssued(tx, call, webhook);
  await record(tx, authorOf(call), webhookEvent("webhook.created", webhook));
  return { webhook, secret };
}

/**
 * Changes a webhook.
 * @param address null when the address stays the same.
 */
export async function changeWebhook(
  tx: Queryable,
  call: Call,
  id: string,
  { body, address }: { body: WebhookChange; address: Address | null },
): Promise<Webhook> {
  // The principal who sets the target or the event types decides who receives the events, also those that
  // others have asked for.
  const isSet = body.url !== undefined || body.event_types !== undefined;
  const setter = isSet ? await setterOf(tx, call.principal) : null;
  const before = await lockMatching(tx, call, id);
  const { url, event_types, description, disabled } = before;
  const seen = { url, event_types, description, disabled };
  const wanted = { ...seen, ...body, url: address?.url ?? url };
  if (setter) requireHearing(setter.permissions, wanted.event_types);
  const isSameSetter = setter === null || (await queries.isSetBy(tx, before.id, setter));
  // Nothing has changed, so there is nothing to record.
  if (isSameSetter && isDeepStrictEqual(wanted, seen)) return before;
  const isElsewhere = wanted.url !== url;
  if (isElsewhere) await requireRecent(tx, call.principal);
  const change = { ...wanted, host: address?.host ?? null, setter };
  const webhook = await queries.updateLocked(tx, before.id, change);
  if (isElsewhere) await notifyIssued(tx, call, webhook);
  await record(tx, authorOf(call), webhookEvent("webhook.updated", webhook));
  return webhook;
}

export async function deleteWebhook(tx: Queryable, call: Call, id: string): Promise<void> {
  const webhook = await lockMatching(tx, call, id);
  await queries.deleteLocked(tx, webhook.id);
  await record(tx, authorOf(call), webhookEvent("webhook.deleted", webhook));
}

/**
 * Ends the quarantine of a webhook, for its owner who has signed in. Does nothing to a webhook that is not in
 * quarantine.
 */
export async function confirmWebhook(tx: Queryable, call: Call, id: string): Promise<Webhook> {
  const webhook = await lockOwn(tx, call, id);
  if (webhook.quarantined_at === null) return webhook;
  const confirmed = await queries.releaseLocked(tx, id);
  await record(tx, authorOf(call), webhookEvent("webhook.confirmed", confirmed));
  return confirmed;
}

export async function rotateSecret(
  tx: Queryable,
  call: Call,
  webhookId: string,
  secrets: SecretBox,
): Promise<WithSecret> {
  // The id is used as it is stored: the secret is sealed for exactly that spelling of the id.
  const { id } = await lockMatching(tx, call, webhookId);
  await requireRecent(tx, call.principal);
  const secret = newWebhookSecret();
  const webhook = await queries.rotateLocked(tx, id, secrets.seal(secret, id), graceHours);
  await notifyIssued(tx, call, webhook);
  await record(tx, authorOf(call), webhookEvent("webhook.secret_rotated", webhook));
  return { webhook, secret };
}

/** Returns the ETag. It ignores changes that come only from deliveries or from the passing of time. */
export function tagOf(webhook: Webhook): string {
  return etagOf(JSON.stringify({ ...webhook, failing_since: null, previous_secret_until: null }));
}

/**
 * Returns the caller with the permissions that they have until the transaction ends: a change of the key
 * waits for the lock, and then finds the webhook.
 * @throws Problem `credentials_invalid` when the key was deleted, disabled or has ended meanwhile.
 */
async function setterOf(tx: Queryable, { actor }: Principal): Promise<queries.Setter> {
  if (actor.kind !== "key") return { keyId: null, permissions: null };
  const key = await shareKey(tx, actor.id);
  if (!key) throw credentialsInvalid();
  return { keyId: actor.id, permissions: key.permissions.toSorted() };
}

async function notifyIssued(tx: Queryable, { principal, requestId }: Call, { id }: Webhook): Promise<void> {
  const { developerId } = principal;
  await notify(tx, { developerId, kind: "webhook_issued", requestId, subjects: [id] });
}

async function lockMatching(tx: Queryable, call: Call, id: string): Promise<Webhook> {
  const webhook = await lockOwn(tx, call, id);
  requireMatch(call.ifMatch, tagOf(webhook));
  return webhook;
}

async function lockOwn(tx: Queryable, { principal }: Call, id: string): Promise<Webhook> {
  const webhook = isUuid(id) ? await queries.lockOwnWebhook(tx, principal.developerId, id) : null;
  if (!webhook) throw missingWebhook();
  return webhook;
}

export function missingWebhook(): Problem {
  return problem("not_found", "There is no such webhook.");
}
