import { etagOf, parse, requestId, requireMatch, createRouter } from "@mosis/http";
import { type Pool, type Queryable, transaction } from "@mosis/postgres";
import { type Retention, RetentionChange } from "@mosis/types/retention";
import { topics } from "@mosis/types/topics";
import type { Request, Router } from "express";
import { missingApp } from "../../access/apps.ts";
import type { Authenticate } from "../../access/authenticate.ts";
import { isPackageId } from "../../shared/identifier.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { type Principal, reachOf, tenantOf } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { findRetention, lockRetention, updateRetention } from "./queries.ts";

const path = "/v1/apps/:package_id/retention";

export function retentionRoutes({ db, authenticate }: { db: Pool; authenticate: Authenticate }): Router {
  const router = createRouter();

  router.get(path, async (req, res) => {
    const principal = await authenticate(req, res, "apps:read");
    const id = req.params.package_id;
    const retention = isPackageId(id)
      ? await findRetention(db.as(tenantOf(principal)), reachOf(principal), id)
      : null;
    if (!retention) throw missingApp();
    res.set("ETag", tagOf(retention)).json(retention);
  });

  router.patch(path, async (req, res) => {
    const principal = await authenticate(req, res, "apps:write");
    const change = parse(RetentionChange, await authenticate.body(req), "body");
    const id = req.params.package_id;
    if (!isPackageId(id)) throw missingApp();

    const retention = await transaction(db.as(tenantOf(principal)), (tx) =>
      changeRetention(tx, req, { principal, id, change }),
    );

    res.set("ETag", tagOf(retention)).json(retention);
  });

  return router;
}

async function changeRetention(
  tx: Queryable,
  req: Request<{ package_id: string }>,
  { principal, id, change }: { principal: Principal; id: string; change: RetentionChange },
): Promise<Retention> {
  const locked = await lockRetention(tx, reachOf(principal), id);
  if (!locked) throw missingApp();
  const { id: appId, developer_id: developerId, ...current } = locked;
  requireMatch(req, tagOf(current));
  if (tagOf(change) === tagOf(current)) return current;
  // What is deleted then does not come back.
  if (change.telemetry_days < current.telemetry_days) await requireRecent(tx, principal);
  await updateRetention(tx, appId, change);
  await appendOutbox(tx, {
    // In the trail of whose app it is, also when an admin has changed it.
    developerId,
    actor: principal.actor,
    requestId: requestId(req),
    action: "retention.changed",
    target: { type: "app", id: appId },
    payload: { package_id: id, ...change },
    state: { topic: topics.apps, key: appId },
  });
  return change;
}

function tagOf({ telemetry_days }: Retention): string {
  return etagOf(String(telemetry_days));
}
