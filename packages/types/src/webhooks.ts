import Type, { type Static } from "typebox";
import { AuditActor } from "./audit.ts";
import { Nullable, Timestamp, Uuid } from "./formats.ts";

/**
 * An action of the audit trail (`app.created`), all actions of a resource (`version.*`), or everything (`*`).
 */
export const EventType = Type.String({
  pattern: "^(\\*|[a-z][a-z_]*\\.(\\*|[a-z][a-z_]*))$",
  maxLength: 100,
  examples: ["version.*"],
});

/**
 * An `https://` URL without credentials and fragment. Plain http works only into networks that an operator
 * allows.
 */
const WebhookUrl = Type.String({
  minLength: 1,
  maxLength: 2048,
  pattern: "^[\\x21-\\x7e]+$",
  examples: ["https://ci.example.org/hooks"],
});
const EventTypes = Type.Array(EventType, { minItems: 1, maxItems: 50, uniqueItems: true });
const Description = Type.String({ maxLength: 500, pattern: "^[^\\u0000-\\u001f\\u007f]*$" });

/** Body of `POST /v1/webhooks`. */
export const NewWebhook = Type.Object(
  { url: WebhookUrl, event_types: EventTypes, description: Type.Optional(Description) },
  { additionalProperties: false },
);
export type NewWebhook = Static<typeof NewWebhook>;

/** Body of `PATCH /v1/webhooks/{id}`. Omitted fields stay. */
export const WebhookChange = Type.Object(
  {
    url: Type.Optional(WebhookUrl),
    event_types: Type.Optional(EventTypes),
    description: Type.Optional(Description),
    disabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type WebhookChange = Static<typeof WebhookChange>;

/**
 * The reason why it is disabled: by its developer, by its own answer 410, or after days without a success.
 */
export const DisabledReason = Type.Enum(["by_developer", "gone", "failing"]);
export type DisabledReason = Static<typeof DisabledReason>;

/** A webhook as its developer sees it. Only `WebhookWithSecret` has the secret. */
export const Webhook = Type.Object({
  id: Uuid,
  url: Type.String(),
  event_types: Type.Array(Type.String()),
  description: Type.String(),
  disabled: Type.Boolean(),
  disabled_at: Nullable(Timestamp),
  disabled_reason: Nullable(DisabledReason),
  /**
   * The time since when nothing is sent to it, because the account was reset. Null once its owner has
   * confirmed it.
   */
  quarantined_at: Nullable(Timestamp),
  /** The time of the first failed attempt since the last success. Null when the last attempt succeeded. */
  failing_since: Nullable(Timestamp),
  /** The time until which the previous secret signs as well. */
  previous_secret_until: Nullable(Timestamp),
  created_at: Timestamp,
  updated_at: Timestamp,
  allowed_actions: Type.Array(Type.Enum(["confirm", "ping", "rotate_secret"])),
});
export type Webhook = Static<typeof Webhook>;

/**
 * Answer of creating and of `:rotate-secret`. The secret is returned only here: `whsec_` and 32 bytes in
 * base64.
 */
export const WebhookWithSecret = Type.Object({ ...Webhook.properties, secret: Type.String() });
export type WebhookWithSecret = Static<typeof WebhookWithSecret>;

/** The body of a request to a receiver (Standard Webhooks 1.0, “Payload structure”). */
export const WebhookPayload = Type.Object({
  /** The action: `version.published`; `webhook.ping` for a ping. */
  type: Type.String(),
  /** The time of the event. The header `webhook-timestamp` has the time of sending. */
  timestamp: Timestamp,
  /** The audit event. `resource` is the resource after the change, never a secret. */
  data: Type.Object({
    event_id: Uuid,
    actor: AuditActor,
    target_type: Type.String(),
    target_id: Type.String(),
    request_id: Type.String(),
    resource: Type.Record(Type.String(), Type.Unknown()),
  }),
});
export type WebhookPayload = Static<typeof WebhookPayload>;

/** The reason why the last attempt of a delivery did not succeed. */
export const DeliveryError = Type.Enum([
  "address_blocked",
  "connection_failed",
  "https_required",
  "name_not_resolved",
  "permission_missing",
  "response_not_2xx",
  "timed_out",
  "tls_failed",
  "webhook_disabled",
]);
export type DeliveryError = Static<typeof DeliveryError>;

/** One event on its way to one webhook. It is kept for 14 days after it was made. */
export const Delivery = Type.Object({
  id: Uuid,
  webhook_id: Uuid,
  /** The header `webhook-id`: the same in every attempt, also when it is delivered again. */
  event_id: Uuid,
  type: Type.String(),
  status: Type.Enum(["pending", "succeeded", "failed"]),
  /** The number of attempts begun so far. The fields below describe the last one. */
  attempts: Type.Integer(),
  /**
   * The time of the next attempt; null when there will be none. While an attempt runs, the time when it
   * counts as lost.
   */
  next_attempt_at: Nullable(Timestamp),
  last_attempt_at: Nullable(Timestamp),
  /**
   * HTTP status of the answer. Null while the attempt runs, when it was lost, and when there was no answer.
   */
  response_status: Nullable(Type.Integer()),
  /**
   * Milliseconds from resolving the name to the end of the answer. Null while it runs, and when it was lost.
   */
  duration_ms: Nullable(Type.Integer()),
  error: Nullable(DeliveryError),
  created_at: Timestamp,
  allowed_actions: Type.Array(Type.Enum(["redeliver"])),
});
export type Delivery = Static<typeof Delivery>;

/** A delivery with its payload. */
export const DeliveryWithPayload = Type.Object({ ...Delivery.properties, payload: WebhookPayload });
