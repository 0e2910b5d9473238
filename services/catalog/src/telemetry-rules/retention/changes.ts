import { etagOf, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Retention, RetentionChange } from "@mosis/types/retention";
import { topics } from "@mosis/types/topics";
import { missingApp } from "../../access/apps.ts";
import type { Call } from "../../access/call.ts";
import { reachOf } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { authorOf, record } from "../../changes/outbox/record.ts";
import { lockRetention, updateRetention } from "./queries.ts";

export async function changeRetention(
  tx: Queryable,
  call: Call,
  packageId: string,
  change: RetentionChange,
): Promise<Retention> {
  const locked = await lockRetention(tx, reachOf(call.principal), packageId);
  if (!locked) throw missingApp();
  const { id: appId, developer_id: developerId, ...current } = locked;
  requireMatch(call.ifMatch, tagOf(current));
  if (tagOf(change) === tagOf(current)) return current;
  // Deleted events cannot be restored.
  if (change.telemetry_days < current.telemetry_days) await requireRecent(tx, call.principal);
  await updateRetention(tx, appId, change);
  // The event belongs to the trail of the app's developer, also when an admin has made the change.
  await record(tx, authorOf(call, developerId), {
    action: "retention.changed",
    target: { type: "app", id: appId },
    payload: { package_id: packageId, ...change },
    state: { topic: topics.apps, key: appId },
  });
  return change;
}

export function tagOf({ telemetry_days }: Retention): string {
  return etagOf(String(telemetry_days));
}
