import { createRouter, parse, sendPage } from "@mosis/http";
import { transaction } from "@mosis/postgres";
import { NewRestriction } from "@mosis/types/telemetry-restrictions";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { reachOf } from "../../access/principal.ts";
import { change, send } from "../../changes/change.ts";
import { readExpiry } from "../../shared/expiry.ts";
import { isUuid } from "../../shared/identifier.ts";
import { createPaging } from "../../shared/page-position.ts";
import { createRestriction, liftRestriction, missingRestriction } from "./changes.ts";
import { findRestriction, listRestrictions } from "./queries.ts";
import { requireMeaning } from "./scope.ts";

export function telemetryRestrictionRoutes({ authenticate }: { authenticate: Authenticate }): Router {
  const router = createRouter();
  const paging = createPaging("telemetry-restrictions");

  router.post("/v1/telemetry-restrictions", async (req, res) => {
    const call = await authenticate(req, res, "apps:write");
    const sent = await authenticate.body(req);
    const body = parse(NewRestriction, sent, "body");
    requireMeaning(body);
    const expiresAt = readExpiry(body.expires_at);

    const answer = await change(call, { req, body: sent }, async (tx) => {
      const created = await createRestriction(tx, call, body, expiresAt);
      const headers = { Location: `/v1/telemetry-restrictions/${created.id}` };
      return { status: 201, headers, body: created };
    });

    send(res, answer);
  });

  router.get("/v1/telemetry-restrictions", async (req, res) => {
    const call = await authenticate(req, res, "apps:read");
    const page = paging.read(req.query);
    const rows = await listRestrictions(call.db, reachOf(call.principal), page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get("/v1/telemetry-restrictions/:id", async (req, res) => {
    const call = await authenticate(req, res, "apps:read");
    const { id } = req.params;
    const row = isUuid(id) ? await findRestriction(call.db, reachOf(call.principal), id) : null;
    if (!row) throw missingRestriction();
    res.json(row);
  });

  router.delete("/v1/telemetry-restrictions/:id", async (req, res) => {
    const call = await authenticate(req, res, "apps:write");
    const { id } = req.params;
    if (!isUuid(id)) throw missingRestriction();

    await transaction(call.db, (tx) => liftRestriction(tx, call, id));

    res.status(204).end();
  });

  return router;
}
