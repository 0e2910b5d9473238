import type { Webhook } from "@mosis/types/webhooks";

/** A webhook as its audit events have it: the path of an address is often its secret. */
export function auditedWebhook({ allowed_actions: _, url, ...rest }: Webhook): Record<string, unknown> {
  return { ...rest, url: new URL(url).origin };
}
