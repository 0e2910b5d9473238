import { createRouter } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { change, send } from "../../changes/change.ts";
import { replaceCodes } from "./changes.ts";
import { findFactors } from "./queries.ts";

/** Serves the list of enrolled factors, and the recovery codes for the day when they are lost. */
export function secondFactorRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, mails } = deps;
  const router = createRouter();

  router.get("/v1/developers/me/second-factors", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { developerId } = call.principal;
    const { totp_created_at, ...counts } = await findFactors(db.as(developerId), developerId);
    res.json({ totp: totp_created_at === null ? null : { created_at: totp_created_at }, ...counts });
  });

  router.post("/v1/developers/me/recovery-codes", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    await requireRecent(db.as(principal.developerId), principal);

    const answer = await change(call, { req }, async (tx) => {
      const recovery_codes = await replaceCodes(tx, call);
      return { status: 201, body: { recovery_codes } };
    });

    mails.wake();
    send(res, answer);
  });

  return router;
}
