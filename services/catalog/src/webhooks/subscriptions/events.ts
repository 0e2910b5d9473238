import type { Webhook } from "@mosis/types/webhooks";
import type { Change } from "../../changes/outbox/append.ts";
import type { By } from "../../changes/outbox/events.ts";

/** What was done to a webhook, as it is after that, or was before it was deleted. */
export function webhookChange(by: By, action: string, webhook: Webhook): Change {
  const target = { type: "webhook", id: webhook.id };
  return { ...by, action, target, payload: auditedWebhook(webhook) };
}

/** A webhook as its audit events have it: the path of an address is often its secret. */
export function auditedWebhook(webhook: Webhook): Record<string, unknown> {
  const { allowed_actions: _, url, ...rest } = webhook;
  return { ...rest, url: new URL(url).origin };
}
