import { createHmac } from "node:crypto";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { Logger } from "@mosis/runtime";
import type { DisabledReason } from "@mosis/types/webhooks";
import { record, systemAuthor } from "../../changes/outbox/record.ts";
import { payloadOf } from "../deliveries/payload.ts";
import { webhookEvent } from "../subscriptions/events.ts";
import type { SecretBox } from "../../shared/secret-box.ts";
import { mayHear } from "../../access/event-readers.ts";
import { attempt, type AttemptDeps, type Outcome } from "./attempt.ts";
import { pauseAfter } from "./backoff.ts";
import type { Meters } from "./meters.ts";
import { type Claimed, disableWebhook, finishAttempt, noteFailure, noteSuccess } from "./queries.ts";

export interface DeliverDeps {
  db: Pool;
  secrets: SecretBox;
  attempt: AttemptDeps;
  log: Logger;
  meters: Meters;
}

/**
 * A webhook without a success for this time is disabled when one of its deliveries has used up its attempts.
 */
const failingHoursMax = 120;
const gone = 410;

/**
 * Makes one attempt of a claimed delivery. The order is the guarantee: 1. send, 2. record the outcome. When
 * the process is killed or fails in between, the lease ends, and the same event is sent again with the same
 * id.
 */
export async function deliver(delivery: Claimed, deps: DeliverDeps): Promise<void> {
  const { db, log, meters } = deps;
  const fields = { webhook_id: delivery.webhook_id, delivery_id: delivery.id };
  try {
    const unsent = unsentReason(delivery);
    const outcome = unsent === null ? await send(delivery, deps) : unsentOutcome(unsent);
    if (unsent === null) meters.attempted(outcome);
    const finished = await transaction(db, (tx) => finish(tx, delivery, outcome));
    if (finished.ended) meters.ended(outcome.error);
    if (finished.disabled === null) return;
    meters.disabled(finished.disabled);
    log.info({ ...fields, reason: finished.disabled }, "A webhook was disabled");
  } catch (error) {
    log.error({ ...fields, err: error }, "An attempt could not be made or recorded; it will be made again");
  }
}

/** The reason why a delivery ends without an attempt. */
type UnsentReason = "webhook_disabled" | "permission_missing";

/**
 * Returns null when the delivery is to be sent. The webhook may have fewer permissions now than when it was
 * made.
 */
function unsentReason({ disabled, permissions, event }: Claimed): UnsentReason | null {
  if (disabled) return "webhook_disabled";
  return mayHear(permissions, event.action) ? null : "permission_missing";
}

function unsentOutcome(error: UnsentReason): Outcome {
  return { responseStatus: null, error, retryAfterMs: null, durationMs: 0 };
}

function isUnsent(error: Outcome["error"]): boolean {
  return error === "webhook_disabled" || error === "permission_missing";
}

function send(delivery: Claimed, { secrets, attempt: deps }: DeliverDeps): Promise<Outcome> {
  const { url, event_id: id, webhook_id, secret, previous_secret } = delivery;
  const body = JSON.stringify(payloadOf(delivery.event));
  const signing = [secret, ...(previous_secret ? [previous_secret] : [])];
  const headers = {
    "Content-Type": "application/json",
    "User-Agent": "Mosis-Webhooks/1",
    ...signedHeaders(
      { id, sentAtMs: Date.now(), body },
      signing.map((sealed) => secrets.open(sealed, webhook_id)),
    ),
  };
  return attempt({ url, headers, body }, deps);
}

/**
 * Returns the headers of an attempt (Standard Webhooks 1.0, “Webhook headers”).
 * @param secrets each `whsec_` and base64; a receiver needs one of them.
 * @param sentAtMs the time of this attempt, because receivers refuse old requests.
 */
function signedHeaders(
  { id, sentAtMs, body }: { id: string; sentAtMs: number; body: string },
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(Math.floor(sentAtMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

interface Finished {
  /** True when there will be no more attempts. */
  ended: boolean;
  disabled: DisabledReason | null;
}

async function finish(tx: Queryable, delivery: Claimed, outcome: Outcome): Promise<Finished> {
  const { id, attempts, webhook_id } = delivery;
  const { error, responseStatus, durationMs } = outcome;
  const isLast = error === null || isUnsent(error) || responseStatus === gone;
  const pauseMs = isLast ? null : pauseAfter(attempts, outcome.retryAfterMs, Math.random());
  const written = await finishAttempt(tx, { id, attempts, responseStatus, durationMs, error, pauseMs });
  if (!written || isUnsent(error)) return { ended: written, disabled: null };
  const ended = pauseMs === null;
  if (error === null) {
    await noteSuccess(tx, webhook_id);
    return { ended, disabled: null };
  }
  await noteFailure(tx, webhook_id);
  if (!ended) return { ended, disabled: null };
  return { ended, disabled: await disable(tx, delivery, responseStatus === gone ? "gone" : "failing") };
}

async function disable(
  tx: Queryable,
  { webhook_id, developer_id }: Claimed,
  reason: DisabledReason,
): Promise<DisabledReason | null> {
  const failingHoursMin = reason === "gone" ? 0 : failingHoursMax;
  const webhook = await disableWebhook(tx, webhook_id, { reason, failingHoursMin });
  if (!webhook) return null;
  await record(tx, systemAuthor(developer_id, ""), webhookEvent("webhook.disabled", webhook));
  return reason;
}
