import { requestId, createRouter } from "@mosis/http";
import type { Pool, Queryable } from "@mosis/postgres";
import type { Request, Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import type { Principal } from "../../access/principal.ts";
import { drawRecoveryCodes, hasFactor, lockFactors, noFactor } from "./enrol.ts";
import { findFactors } from "./queries.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";

/** What is enrolled, and the codes for a day without it. */
export function secondFactorRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, mails } = deps;
  const router = createRouter();

  router.get("/v1/developers/me/second-factors", async (req, res) => {
    const { developerId } = await authenticate(req, res, "session");
    const { totp_created_at, ...counts } = await findFactors(db.as(developerId), developerId);
    res.json({ totp: totp_created_at === null ? null : { created_at: totp_created_at }, ...counts });
  });

  router.post("/v1/developers/me/recovery-codes", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    await requireRecent(db.as(principal.developerId), principal);

    const answer = await change(db, { req, principal }, async (tx) => {
      const recovery_codes = await replaceCodes(tx, req, principal);
      return { status: 201, body: { recovery_codes } };
    });

    mails.wake();
    send(res, answer);
  });

  return router;
}

async function replaceCodes(tx: Queryable, req: Request, principal: Principal): Promise<string[]> {
  const { developerId, actor } = principal;
  const { developer, factors } = await lockFactors(tx, developerId);
  if (!hasFactor(factors)) throw noFactor();
  const codes = await drawRecoveryCodes(tx, developerId);
  const by = { developerId, requestId: requestId(req) };
  await insertMail(tx, { ...by, kind: "recovery_codes_replaced", recipient: developer.email });
  await appendOutbox(tx, {
    ...by,
    actor,
    action: "recovery_codes.replaced",
    target: { type: "developer", id: developerId },
    payload: { id: developerId, recovery_codes_left: codes.length },
  });
  return codes;
}
