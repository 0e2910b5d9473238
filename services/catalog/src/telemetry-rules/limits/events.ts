import type { Queryable } from "@mosis/postgres";
import type { TelemetryLimits } from "@mosis/types/telemetry-limits";
import { topics } from "@mosis/types/topics";
import type { Change } from "../../changes/outbox/append.ts";
import type { By } from "../../changes/outbox/events.ts";
import { listLimits } from "./queries.ts";

/** The state for ingest, and the audit event. */
export function limitsChanged(
  by: By,
  { id, ...limits }: TelemetryLimits & { id: string; package_id: string },
): Change {
  return {
    ...by,
    action: "telemetry_limits.changed",
    target: { type: "app", id },
    payload: limits,
    state: { topic: topics.apps, key: id },
  };
}

/** What is to be appended when an account is confirmed: its apps may send more from now on. */
export async function limitsOfConfirmed(tx: Queryable, by: By): Promise<Change[]> {
  return (await listLimits(tx, by.developerId)).map((limits) => limitsChanged(by, limits));
}
