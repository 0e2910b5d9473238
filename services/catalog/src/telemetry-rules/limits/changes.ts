import { etagOf, problem, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import {
  telemetryLimitDefaults,
  type TelemetryLimits,
  type TelemetryLimitsChange,
} from "@mosis/types/telemetry-limits";
import { missingApp } from "../../access/apps.ts";
import type { Call } from "../../access/call.ts";
import { type Principal, reachOf } from "../../access/principal.ts";
import { authorOf, record } from "../../changes/outbox/record.ts";
import { limitsChanged } from "./events.ts";
import { lockLimits, updateLimits } from "./queries.ts";

export async function changeLimits(
  tx: Queryable,
  call: Call,
  packageId: string,
  change: TelemetryLimitsChange,
): Promise<TelemetryLimits> {
  const locked = await lockLimits(tx, reachOf(call.principal), packageId);
  if (!locked) throw missingApp();
  const { id: appId, developer_id: developerId, ...current } = locked;
  requireMatch(call.ifMatch, tagOf(current));
  requireAllowed(call.principal, current, change);
  if (tagOf({ ...current, ...change }) === tagOf(current)) return current;
  const limits = await updateLimits(tx, appId, change);
  // The event belongs to the trail of the app's developer, also when an admin has made the change.
  const event = limitsChanged({ id: appId, package_id: packageId, ...limits });
  await record(tx, authorOf(call, developerId), event);
  return limits;
}

/**
 * Lets a developer lower a limit, and raise it again up to the default.
 * @throws Problem `permission_missing`.
 */
function requireAllowed(principal: Principal, current: TelemetryLimits, change: TelemetryLimitsChange): void {
  if (principal.role === "admin") return;
  const names = Object.keys(change) as (keyof TelemetryLimitsChange)[];
  const errors = names.flatMap((name) => {
    const max = Math.max(current[name], telemetryLimitDefaults[name]);
    if ((change[name] as number) <= max) return [];
    const message = `must not be more than ${max}`;
    return [{ pointer: `/${name}`, code: "admin_required", message, fix: "Ask an admin for more." }];
  });
  if (errors.length === 0) return;
  throw problem("permission_missing", "Only an admin who has signed in may raise the limits.", { errors });
}

export function tagOf({ telemetry_events_per_day, telemetry_events_per_second }: TelemetryLimits): string {
  return etagOf(JSON.stringify([telemetry_events_per_day, telemetry_events_per_second]));
}
