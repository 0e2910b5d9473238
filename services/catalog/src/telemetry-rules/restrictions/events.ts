import type { Restriction } from "@mosis/types/telemetry-restrictions";
import { topics } from "@mosis/types/topics";
import type { Event } from "../../changes/outbox/record.ts";

/** Returns the audit event for the trail of the restricted apps' developer, with the state for ingest. */
export function restrictionEvent(row: Restriction, done: "created" | "lifted" | "ended"): Event {
  return {
    developerId: row.developer_id ?? row.created_by,
    action: `telemetry_restriction.${done}`,
    target: { type: "telemetry_restriction", id: row.id },
    payload: row,
    state: { topic: topics.restrictions, key: row.id },
  };
}
