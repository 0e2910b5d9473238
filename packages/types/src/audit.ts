import Type, { type Static } from "typebox";
import { Label, Timestamp, Uuid } from "./formats.ts";
import { PageQuery } from "./pages.ts";

/**
 * The actor of an action: a developer's key or session, an operator on the servers, or the platform itself.
 */
export const AuditActor = Type.Object({
  kind: Type.Enum(["key", "session", "operator", "system"]),
  /** Id of the key or session; empty for operators and the platform. */
  id: Type.String(),
});
export type AuditActor = Static<typeof AuditActor>;

/**
 * One entry of the audit trail: outbox payload = value of an `audit.events` record = row of `audit_events`.
 * The record's header `position` gives its place in the trail; `occurred_at` comes from a clock, and clocks
 * disagree. `event_id` is the outbox row's UUIDv7. `action` reads `<resource>.<past participle>`, e.g.
 * `app.created`. `payload` is the resource after the change, never a secret.
 */
export const AuditEvent = Type.Object({
  event_id: Uuid,
  developer_id: Uuid,
  occurred_at: Timestamp,
  actor: AuditActor,
  action: Type.String(),
  target_type: Type.String(),
  target_id: Type.String(),
  request_id: Type.String(),
  payload: Type.Record(Type.String(), Type.Unknown()),
});
export type AuditEvent = Static<typeof AuditEvent>;

/** Query string of `GET /v1/audit`. An omitted field does not filter. */
export const AuditQuery = Type.Object(
  {
    ...PageQuery.properties,
    /** Id of the key or session that acted. */
    actor: Type.Optional(Label(200)),
    action: Type.Optional(Label(200)),
    /** Id of the resource that was changed. */
    target: Type.Optional(Label(200)),
    /** Start of the range, inclusive. */
    from: Type.Optional(Timestamp),
    /** End of the range, exclusive. */
    to: Type.Optional(Timestamp),
  },
  { additionalProperties: false },
);
export type AuditQuery = Static<typeof AuditQuery>;
