import type { Webhook } from "@mosis/types/webhooks";

/** A webhook as its audit events have it: the path of an address is often its secret. */
export function auditedWebhook(webhook: Webhook): Record<string, unknown> {
  const { allowed_actions: _, url, ...rest } = webhook;
  return { ...rest, url: new URL(url).origin };
}
