import { createHash } from "node:crypto";
import { parse, problem, requestId, createRouter } from "@mosis/http";
import type { Pool, Queryable } from "@mosis/postgres";
import { type Erasure, NewErasure, requestedErasure } from "@mosis/types/erasures";
import { topics } from "@mosis/types/topics";
import type { Request, Router } from "express";
import { missingApp } from "../../access/apps.ts";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { isPackageId } from "../../shared/identifier.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { type Principal, reachOf } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { insertErasure, lockApp, usageOfDay } from "./queries.ts";

/** Of one app: each makes ClickHouse write again whatever part of a table has rows of the install. */
const erasuresPerDayMax = 1000;

/** Asks for an erasure. What becomes of it is told by telemetry query, which sees it done. */
export function erasureRoutes({ db, authenticate }: { db: Pool; authenticate: Authenticate }): Router {
  const router = createRouter();

  router.post("/v1/apps/:package_id/erasures", async (req, res) => {
    const principal = await authenticate(req, res, "telemetry:erase");
    const sent = await authenticate.body(req);
    const body = parse(NewErasure, sent, "body");
    const id = req.params.package_id;
    if (!isPackageId(id)) throw missingApp();
    const installId = body.install_id.toLowerCase();

    const answer = await change(db, { req, principal, body: sent }, async (tx) => {
      const erasure = await requestErasure(tx, req, { principal, id, installId });
      const headers = { Location: `/v1/apps/${id}/telemetry/erasures/${erasure.id}` };
      return { status: 202, headers, body: erasure };
    });

    send(res, answer);
  });

  return router;
}

async function requestErasure(
  tx: Queryable,
  req: Request<{ package_id: string }>,
  { principal, id, installId }: { principal: Principal; id: string; installId: string },
): Promise<Erasure> {
  const app = await lockApp(tx, reachOf(principal), id);
  if (!app) throw missingApp();
  // What is erased does not come back.
  await requireRecent(tx, principal);
  const used = await usageOfDay(tx, app.id);
  if (used.count >= erasuresPerDayMax) {
    throw problem("quota_exceeded", `An app has ${erasuresPerDayMax} erasures in 24 hours: ask later.`, {
      headers: { "Retry-After": String(used.free_in_seconds) },
    });
  }
  const row = await insertErasure(tx, app.id, createHash("sha256").update(installId).digest("hex"));
  const { id: erasure_id, install_hash, requested_at } = row;
  await appendOutbox(tx, {
    developerId: app.developer_id,
    actor: principal.actor,
    requestId: requestId(req),
    action: "telemetry_erasure.requested",
    target: { type: "telemetry_erasure", id: erasure_id },
    // For good, so without the install id.
    payload: { package_id: id, install_hash, requested_at },
    state: { topic: topics.erasures, key: erasure_id, value: { install_id: installId } },
  });
  return requestedErasure(erasure_id, row);
}
