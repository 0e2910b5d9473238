import { createRouter, parse } from "@mosis/http";
import { NewErasure } from "@mosis/types/erasures";
import type { Router } from "express";
import { missingApp } from "../../access/apps.ts";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { isPackageId } from "../../shared/identifier.ts";
import { requestErasure } from "./changes.ts";

/** Accepts requests for erasures. Telemetry query reports their progress, because it sees them done. */
export function erasureRoutes({ authenticate }: { authenticate: Authenticate }): Router {
  const router = createRouter();

  router.post("/v1/apps/:package_id/erasures", async (req, res) => {
    const call = await authenticate(req, res, "telemetry:erase");
    const sent = await authenticate.body(req);
    const body = parse(NewErasure, sent, "body");
    const id = req.params.package_id;
    if (!isPackageId(id)) throw missingApp();
    const installId = body.install_id.toLowerCase();

    const answer = await change(call, { req, body: sent }, async (tx) => {
      const erasure = await requestErasure(tx, call, id, installId);
      const headers = { Location: `/v1/apps/${id}/telemetry/erasures/${erasure.id}` };
      return { status: 202, headers, body: erasure };
    });

    send(res, answer);
  });

  return router;
}
