import { parse, requestId, createRouter } from "@mosis/http";
import { type Pool } from "@mosis/postgres";
import { Reauthentication } from "@mosis/types/sessions";
import type { Router } from "express";
import { type Authenticate, credentialsInvalid } from "../auth.ts";
import { changeAfter, send } from "../change.ts";
import { type Confirm, passwordChanged } from "../developers/confirm.ts";
import { lockPassword } from "../developers/queries.ts";
import { appendOutbox } from "../outbox/append.ts";
import { reauthenticateSession } from "./queries.ts";

/** Proving once more, in a session, who one is. */
export function reauthenticateRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  confirm: Confirm;
}): Router {
  const { db, authenticate, confirm } = deps;
  const router = createRouter();

  router.post("/v1/sessions\\:reauthenticate", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(Reauthentication, await authenticate.body(req), "body");
    const { developerId, actor } = principal;
    const before = () => confirm({ principal, req }, body.password);

    const answer = await changeAfter(db, { req, principal, body }, before, async (tx, confirmed) => {
      if (!(await lockPassword(tx, confirmed))) throw passwordChanged();
      const recent = await reauthenticateSession(tx, actor.id);
      if (!recent) throw credentialsInvalid();
      await appendOutbox(tx, {
        developerId,
        actor,
        requestId: requestId(req),
        action: "session.reauthenticated",
        target: { type: "session", id: actor.id },
        payload: { id: actor.id, ...recent },
      });
      return { status: 200, body: recent };
    });

    send(res, answer);
  });

  return router;
}
