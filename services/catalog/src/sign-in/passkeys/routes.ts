import { parse, type Problem, problem, requestId, createRouter } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { PasskeyChange } from "@mosis/types/passkeys";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import type { Credentials } from "../../access/credentials.ts";
import { isUuid } from "../../shared/identifier.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import * as changes from "./changes.ts";
import { listOwnPasskeys, updatePasskeyName } from "./queries.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";

const path = "/v1/developers/me/passkeys";

/** The passkeys of whoever is signed in. Registering one is in `registration-routes.ts`. */
export function passkeyRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, credentials, mails } = deps;
  const router = createRouter();

  router.get(path, async (req, res) => {
    const { developerId } = await authenticate(req, res, "session");
    res.json({ data: await listOwnPasskeys(db.as(developerId), developerId) });
  });

  router.patch(`${path}/:id`, async (req, res) => {
    const { developerId, actor } = await authenticate(req, res, "session");
    const { name } = parse(PasskeyChange, await authenticate.body(req), "body");
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    const renamed = await transaction(db.as(developerId), async (tx) => {
      const passkey = await updatePasskeyName(tx, developerId, { id, name });
      if (!passkey) throw missing();
      const by = { developerId, actor, requestId: requestId(req) };
      await appendOutbox(tx, changes.passkeyChange(by, "passkey.changed", passkey));
      return passkey;
    });

    res.json(renamed);
  });

  router.delete(`${path}/:id`, async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const { developerId, actor } = principal;
    const { id } = req.params;
    if (!isUuid(id)) throw missing();
    await requireRecent(db.as(developerId), principal);

    await transaction(db.as(developerId), async (tx) => {
      const isGone = await changes.remove(tx, { developerId, actor, requestId: requestId(req) }, id);
      if (!isGone) throw missing();
    });

    credentials.forget(developerId);
    mails.wake();
    res.status(204).end();
  });

  return router;
}

function missing(): Problem {
  return problem("not_found", "There is no such passkey.");
}
