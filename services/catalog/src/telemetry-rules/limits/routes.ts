import { etagOf, parse, problem, requestId, requireMatch, createRouter } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import {
  telemetryLimitDefaults,
  type TelemetryLimits,
  TelemetryLimitsChange,
} from "@mosis/types/telemetry-limits";
import type { Request, Router } from "express";
import { missingApp } from "../../access/apps.ts";
import type { Authenticate } from "../../access/authenticate.ts";
import { isPackageId } from "../../shared/identifier.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { type Principal, reachOf, tenantOf } from "../../access/principal.ts";
import { limitsChanged } from "./events.ts";
import { findLimits, lockLimits, updateLimits } from "./queries.ts";

const path = "/v1/apps/:package_id/telemetry-limits";

export function telemetryLimitRoutes({ db, authenticate }: { db: Pool; authenticate: Authenticate }): Router {
  const router = createRouter();

  router.get(path, async (req, res) => {
    const principal = await authenticate(req, res, "apps:read");
    const id = req.params.package_id;
    const limits = isPackageId(id)
      ? await findLimits(db.as(tenantOf(principal)), reachOf(principal), id)
      : null;
    if (!limits) throw missingApp();
    res.set("ETag", tagOf(limits)).json(limits);
  });

  router.patch(path, async (req, res) => {
    const principal = await authenticate(req, res, "apps:write");
    const change = parse(TelemetryLimitsChange, await authenticate.body(req), "body");
    const id = req.params.package_id;
    if (!isPackageId(id)) throw missingApp();

    const limits = await transaction(db.as(tenantOf(principal)), (tx) =>
      changeLimits(tx, req, { principal, id, change }),
    );

    res.set("ETag", tagOf(limits)).json(limits);
  });

  return router;
}

async function changeLimits(
  tx: Queryable,
  req: Request<{ package_id: string }>,
  { principal, id, change }: { principal: Principal; id: string; change: TelemetryLimitsChange },
): Promise<TelemetryLimits> {
  const locked = await lockLimits(tx, reachOf(principal), id);
  if (!locked) throw missingApp();
  const { id: appId, developer_id: developerId, ...current } = locked;
  requireMatch(req, tagOf(current));
  requireAllowed(principal, current, change);
  if (tagOf({ ...current, ...change }) === tagOf(current)) return current;
  const limits = await updateLimits(tx, appId, change);
  // In the trail of whose app it is, also when an admin has changed it.
  const by = { developerId, actor: principal.actor, requestId: requestId(req) };
  await appendOutbox(tx, limitsChanged(by, { id: appId, package_id: id, ...limits }));
  return limits;
}

/**
 * A developer may lower a limit, and take back what it has lowered up to the default.
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
  throw problem("permission_missing", "Only an admin who has signed in allows an app more.", { errors });
}

function tagOf({ telemetry_events_per_day, telemetry_events_per_second }: TelemetryLimits): string {
  return etagOf(JSON.stringify([telemetry_events_per_day, telemetry_events_per_second]));
}
