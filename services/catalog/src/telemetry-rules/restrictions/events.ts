import type { Restriction } from "@mosis/types/telemetry-restrictions";
import { topics } from "@mosis/types/topics";
import type { Event } from "../../changes/outbox/record.ts";

/** The state for ingest, and the audit event in the trail of whose apps it is about. */
export function restrictionEvent(row: Restriction, done: "created" | "lifted" | "ended"): Event {
  return {
    developerId: row.developer_id ?? row.created_by,
    action: `telemetry_restriction.${done}`,
    target: { type: "telemetry_restriction", id: row.id },
    payload: row,
    state: { topic: topics.restrictions, key: row.id },
  };
}
