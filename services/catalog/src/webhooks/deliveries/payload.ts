import type { AuditEvent } from "@mosis/types/audit";
import type { WebhookPayload } from "@mosis/types/webhooks";

/** Returns the body that a receiver gets for an audit event. The same event always gives the same text. */
export function payloadOf(event: AuditEvent): WebhookPayload {
  const { event_id, actor, target_type, target_id, request_id, payload } = event;
  return {
    type: event.action,
    timestamp: event.occurred_at,
    data: { event_id, actor, target_type, target_id, request_id, resource: payload },
  };
}
