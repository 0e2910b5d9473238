import { createRouter, parse } from "@mosis/http";
import { transaction } from "@mosis/postgres";
import { TelemetryLimitsChange } from "@mosis/types/telemetry-limits";
import type { Router } from "express";
import { missingApp } from "../../access/apps.ts";
import type { Authenticate } from "../../access/authenticate.ts";
import { reachOf } from "../../access/principal.ts";
import { isPackageId } from "../../shared/identifier.ts";
import { changeLimits, tagOf } from "./changes.ts";
import { findLimits } from "./queries.ts";

const path = "/v1/apps/:package_id/telemetry-limits";

export function telemetryLimitRoutes({ authenticate }: { authenticate: Authenticate }): Router {
  const router = createRouter();

  router.get(path, async (req, res) => {
    const call = await authenticate(req, res, "apps:read");
    const id = req.params.package_id;
    const limits = isPackageId(id) ? await findLimits(call.db, reachOf(call.principal), id) : null;
    if (!limits) throw missingApp();
    res.set("ETag", tagOf(limits)).json(limits);
  });

  router.patch(path, async (req, res) => {
    const call = await authenticate(req, res, "apps:write");
    const change = parse(TelemetryLimitsChange, await authenticate.body(req), "body");
    const id = req.params.package_id;
    if (!isPackageId(id)) throw missingApp();

    const limits = await transaction(call.db, (tx) => changeLimits(tx, call, id, change));

    res.set("ETag", tagOf(limits)).json(limits);
  });

  return router;
}
