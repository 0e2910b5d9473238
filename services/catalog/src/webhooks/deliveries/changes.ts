import { type Problem, problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { AuditEvent } from "@mosis/types/audit";
import type { Delivery } from "@mosis/types/webhooks";
import { isUuid } from "../../shared/identifier.ts";
import type { Call } from "../../access/call.ts";
import { stateConflict } from "../../shared/refusal.ts";
import { missingWebhook } from "../subscriptions/changes.ts";
import { pingType } from "../../access/event-readers.ts";
import { findOwnDelivery, insertDelivery, restartOwnDelivery, shareOwnWebhook } from "./queries.ts";

// Neither a ping nor a retry changes anything of the developer, so no audit event records them: the event of
// a ping would be a delivery itself.

export async function sendPing(tx: Queryable, call: Call, id: string): Promise<Delivery> {
  const webhookId = await requireEnabled(tx, call, id);
  return insertDelivery(tx, { id: newId(), webhookId, event: pingOf(call, webhookId) });
}

/** Restarts a delivery from its first attempt, with the same event. */
export async function sendAgain(
  tx: Queryable,
  call: Call,
  { webhookId, id }: { webhookId: string; id: string },
): Promise<Delivery> {
  const owner = { developerId: call.principal.developerId, webhookId };
  const found = isUuid(webhookId) && isUuid(id) ? await findOwnDelivery(tx, owner, id) : null;
  if (!found) throw missingDelivery();
  await requireEnabled(tx, call, webhookId);
  const restarted = await restartOwnDelivery(tx, owner, id);
  if (restarted) return restarted;
  throw stateConflict("The delivery", {
    code: "delivery_pending",
    message: "is pending",
    fix: "Wait until it has succeeded or failed.",
  });
}

export function missingDelivery(): Problem {
  return problem("not_found", "There is no such delivery.");
}

async function requireEnabled(tx: Queryable, { principal }: Call, id: string): Promise<string> {
  const webhook = isUuid(id) ? await shareOwnWebhook(tx, principal.developerId, id) : null;
  if (!webhook) throw missingWebhook();
  if (webhook.quarantined) {
    throw stateConflict("The webhook", {
      code: "webhook_quarantined",
      message: "waits for its owner to confirm it",
      fix: `Sign in and confirm it: POST /v1/webhooks/${webhook.id}:confirm.`,
    });
  }
  if (!webhook.disabled) return webhook.id;
  throw stateConflict("The webhook", {
    code: "webhook_disabled",
    message: "is disabled",
    fix: "Enable it first: PATCH it with disabled false.",
  });
}

function pingOf({ principal, requestId }: Call, webhookId: string): AuditEvent {
  return {
    event_id: newId(),
    developer_id: principal.developerId,
    occurred_at: new Date().toISOString(),
    actor: principal.actor,
    action: pingType,
    target_type: "webhook",
    target_id: webhookId,
    request_id: requestId,
    payload: {},
  };
}
