import type { Webhook } from "@mosis/types/webhooks";
import type { Event } from "../../changes/outbox/record.ts";

/**
 * Builds the event of a change of a webhook, with its state afterwards, or before it was deleted. Only the
 * origin of its address is recorded: the path is often a secret.
 */
export function webhookEvent(action: string, webhook: Webhook): Event {
  const { allowed_actions: _, url, ...rest } = webhook;
  const payload = { ...rest, url: new URL(url).origin };
  return { action, target: { type: "webhook", id: webhook.id }, payload };
}
