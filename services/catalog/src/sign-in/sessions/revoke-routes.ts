import { type Problem, problem, requestId, createRouter } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import type { Credentials } from "../../access/credentials.ts";
import { isUuid } from "../../shared/identifier.ts";
import { appendAll, appendOutbox } from "../../changes/outbox/append.ts";
import { sessionDeleted } from "../../changes/outbox/events.ts";
import { deleteOtherSessions, deleteOwnSession } from "./queries.ts";

/** Ending sessions from another one: a lost device, a browser of somebody else. */
export function sessionRevokeRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
}): Router {
  const { db, authenticate, credentials } = deps;
  const router = createRouter();

  router.delete("/v1/sessions/:id", async (req, res) => {
    const { developerId, actor } = await authenticate(req, res, "session");
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    await transaction(db.as(developerId), async (tx) => {
      if (!(await deleteOwnSession(tx, developerId, id))) throw missing();
      await appendOutbox(tx, sessionDeleted({ developerId, actor, requestId: requestId(req) }, { id }));
    });

    credentials.forget(developerId);
    res.status(204).end();
  });

  router.post("/v1/sessions\\:revoke-others", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const { developerId, actor } = principal;

    const answer = await change(db, { req, principal }, async (tx) => {
      const ended = await deleteOtherSessions(tx, developerId, actor.id);
      const by = { developerId, actor, requestId: requestId(req) };
      await appendAll(
        tx,
        ended.map((session) => sessionDeleted(by, session)),
      );
      return { status: 200, body: { revoked: ended.length } };
    });

    credentials.forget(developerId);
    send(res, answer);
  });

  return router;
}

function missing(): Problem {
  return problem("not_found", "There is no such session.");
}
