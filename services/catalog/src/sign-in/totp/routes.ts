import { createRouter, parse } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { TotpConfirmation } from "@mosis/types/second-factors";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import type { Credentials } from "../../access/credentials.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { change, send } from "../../changes/change.ts";
import type { SecretBox } from "../../shared/secret-box.ts";
import { beginTotp, confirmTotp, removeTotp } from "./changes.ts";

const path = "/v1/developers/me/totp";

/** Serves an authenticator app as a second factor. */
export function totpRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  totpSecrets: SecretBox;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, credentials, totpSecrets, mails } = deps;
  const router = createRouter();

  router.post(path, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    await requireRecent(db.as(principal.developerId), principal);

    const answer = await change(call, { req }, async (tx) => ({
      status: 201,
      body: await beginTotp(tx, call, totpSecrets),
    }));

    send(res, answer);
  });

  router.post(`${path}\\:confirm`, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(TotpConfirmation, await authenticate.body(req), "body");
    const { developerId } = principal;
    await requireRecent(db.as(developerId), principal);

    const answer = await change(call, { req, body }, async (tx) => ({
      status: 200,
      body: await confirmTotp(tx, call, { code: body.code, totpSecrets }),
    }));

    credentials.forget(developerId);
    mails.wake();
    send(res, answer);
  });

  router.delete(path, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const { developerId } = principal;
    await requireRecent(db.as(developerId), principal);

    await transaction(db.as(developerId), (tx) => removeTotp(tx, call));

    credentials.forget(developerId);
    mails.wake();
    res.status(204).end();
  });

  return router;
}
