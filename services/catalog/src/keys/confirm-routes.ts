import type { Pool } from "@mosis/postgres";
import type { Router } from "express";
import { createRouter } from "@mosis/http";
import type { Authenticate } from "../access/authenticate.ts";
import { change, send } from "../changes/change.ts";
import type { Credentials } from "../access/credentials.ts";
import { isUuid } from "../shared/identifier.ts";
import { requireRecent } from "../access/recent-sign-in.ts";
import { confirmKey, missing, tagOf } from "./changes.ts";

/** Letting keys out of quarantine. */
export function keyConfirmRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
}): Router {
  const { db, authenticate, credentials } = deps;
  const router = createRouter();

  router.post<{ id: string }>("/v1/keys/:id\\:confirm", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    const answer = await change(db, { req, principal }, async (tx) => {
      await requireRecent(tx, principal);
      const key = await confirmKey(tx, { principal, req }, id);
      return { status: 200, headers: { ETag: tagOf(key) }, body: key };
    });

    credentials.forget(principal.developerId);
    send(res, answer);
  });

  return router;
}
