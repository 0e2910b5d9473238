import type { Change } from "../outbox/append.ts";
import type { By } from "../outbox/gone.ts";
import type { Webhook } from "@mosis/types/webhooks";

export function webhookDeleted(by: By, webhook: Webhook): Change {
  const target = { type: "webhook", id: webhook.id };
  return { ...by, action: "webhook.deleted", target, payload: auditedWebhook(webhook) };
}

/** A webhook as its audit events have it: the path of an address is often its secret. */
export function auditedWebhook(webhook: Webhook): Record<string, unknown> {
  const { allowed_actions: _, url, ...rest } = webhook;
  return { ...rest, url: new URL(url).origin };
}
