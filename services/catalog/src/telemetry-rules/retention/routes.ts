import { createRouter, parse } from "@mosis/http";
import { transaction } from "@mosis/postgres";
import { RetentionChange } from "@mosis/types/retention";
import type { Router } from "express";
import { missingApp } from "../../access/apps.ts";
import type { Authenticate } from "../../access/authenticate.ts";
import { reachOf } from "../../access/principal.ts";
import { isPackageId } from "../../shared/identifier.ts";
import { changeRetention, tagOf } from "./changes.ts";
import { findRetention } from "./queries.ts";

const path = "/v1/apps/:package_id/retention";

export function retentionRoutes({ authenticate }: { authenticate: Authenticate }): Router {
  const router = createRouter();

  router.get(path, async (req, res) => {
    const call = await authenticate(req, res, "apps:read");
    const id = req.params.package_id;
    const retention = isPackageId(id) ? await findRetention(call.db, reachOf(call.principal), id) : null;
    if (!retention) throw missingApp();
    res.set("ETag", tagOf(retention)).json(retention);
  });

  router.patch(path, async (req, res) => {
    const call = await authenticate(req, res, "apps:write");
    const change = parse(RetentionChange, await authenticate.body(req), "body");
    const id = req.params.package_id;
    if (!isPackageId(id)) throw missingApp();

    const retention = await transaction(call.db, (tx) => changeRetention(tx, call, id, change));

    res.set("ETag", tagOf(retention)).json(retention);
  });

  return router;
}
