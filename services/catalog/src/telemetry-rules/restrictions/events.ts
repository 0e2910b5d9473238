import type { AuditActor } from "@mosis/types/audit";
import type { Restriction } from "@mosis/types/telemetry-restrictions";
import { topics } from "@mosis/types/topics";
import type { Change } from "../../changes/outbox/append.ts";

export interface Told {
  actor: AuditActor;
  requestId: string;
  what: "created" | "lifted" | "ended";
}

/** The state for ingest, and the audit event in the trail of whose apps it is about. */
export function restrictionChange(row: Restriction, { actor, requestId, what }: Told): Change {
  return {
    developerId: row.developer_id ?? row.created_by,
    actor,
    requestId,
    action: `telemetry_restriction.${what}`,
    target: { type: "telemetry_restriction", id: row.id },
    payload: row,
    state: { topic: topics.restrictions, key: row.id },
  };
}
