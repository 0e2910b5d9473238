import type { Queryable } from "@mosis/postgres";
import type { TelemetryLimits } from "@mosis/types/telemetry-limits";
import { topics } from "@mosis/types/topics";
import type { Event } from "../../changes/outbox/record.ts";
import { listLimits } from "./queries.ts";

/** Returns the audit event of changed limits, with the state for ingest. */
export function limitsChanged({
  id,
  ...limits
}: TelemetryLimits & { id: string; package_id: string }): Event {
  return {
    action: "telemetry_limits.changed",
    target: { type: "app", id },
    payload: limits,
    state: { topic: topics.apps, key: id },
  };
}

/** Returns the events to record when an account is confirmed, because its apps may send more from then on. */
export async function limitsOfConfirmed(tx: Queryable, developerId: string): Promise<Event[]> {
  return (await listLimits(tx, developerId)).map((limits) => limitsChanged(limits));
}
