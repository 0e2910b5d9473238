import { parse, readJson, requestId, sendPage, type RateLimits, createRouter } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { NewSession } from "@mosis/types/sessions";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import type { Credentials } from "../../access/credentials.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { sessionDeleted } from "../../changes/outbox/events.ts";
import { createPaging } from "../../shared/page-position.ts";
import { deleteOwnSession, listOwnSessions } from "./queries.ts";
import type { SignIn } from "./sign-in.ts";
import type { AnswerFirstFactor } from "../completion/first-factor.ts";

/** Signing in and out. Ending other sessions is in `revoke-routes.ts`. */
export function sessionRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  signIn: SignIn;
  answerFirstFactor: AnswerFirstFactor;
  limits: RateLimits;
}): Router {
  const { db, authenticate, credentials, signIn, answerFirstFactor, limits } = deps;
  const router = createRouter();
  const paging = createPaging("sessions");

  router.post("/v1/sessions", async (req, res) => {
    limits.admitAnyone(req, res);
    const { email, password } = parse(NewSession, await readJson(req, anonymousBodyLimit), "body");

    const answer = await signIn({ req, email, password }, (tx, developerId) =>
      answerFirstFactor(tx, { req, developerId }),
    );

    res.status(answer.status).json(answer.body);
  });

  router.get("/v1/sessions", async (req, res) => {
    const { developerId, actor } = await authenticate(req, res, "session");
    const page = paging.read(req.query);
    const rows = await listOwnSessions(db.as(developerId), { developerId, current: actor.id }, page);
    sendPage(res, paging.answer(rows, page));
  });

  /** Signs out: ends the session that the request is sent with. */
  router.delete("/v1/sessions", async (req, res) => {
    const { developerId, actor } = await authenticate(req, res, "session");

    await transaction(db.as(developerId), async (tx) => {
      // Signing out twice at once is one change.
      if (!(await deleteOwnSession(tx, developerId, actor.id))) return;
      await appendOutbox(tx, sessionDeleted({ developerId, actor, requestId: requestId(req) }, actor));
    });

    credentials.forget(developerId);
    res.status(204).end();
  });

  return router;
}
