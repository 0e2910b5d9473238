import { createRouter, parse, type Problem, problem, type RateLimits, readJson, sendPage } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { NewSession } from "@mosis/types/sessions";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import type { SenderOf } from "../../access/call.ts";
import type { Credentials } from "../../access/credentials.ts";
import { change, send } from "../../changes/change.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import { isUuid } from "../../shared/identifier.ts";
import { createPaging } from "../../shared/page-position.ts";
import type { AnswerFirstFactor } from "../completion/first-factor.ts";
import { endOtherSessions, endSession } from "./changes.ts";
import { listOwnSessions } from "./queries.ts";
import type { SignIn } from "./sign-in.ts";

interface Deps {
  db: Pool;
  authenticate: Authenticate;
  senderOf: SenderOf;
  credentials: Pick<Credentials, "forget">;
  signIn: SignIn;
  answerFirstFactor: AnswerFirstFactor;
  limits: RateLimits;
}

export function sessionRoutes(deps: Deps): Router {
  const router = createRouter();
  serveOwn(router, deps);
  serveOthers(router, deps);
  return router;
}

/** Serves signing in and out. */
function serveOwn(router: Router, deps: Deps): void {
  const { db, authenticate, senderOf, credentials, signIn, answerFirstFactor, limits } = deps;
  const paging = createPaging("sessions");

  router.post("/v1/sessions", async (req, res) => {
    limits.admitAnyone(req, res);
    const { email, password } = parse(NewSession, await readJson(req, anonymousBodyLimit), "body");

    const sender = senderOf(req);
    const answer = await signIn({ sender, email, password }, (tx, developerId) =>
      answerFirstFactor(tx, { sender, developerId }),
    );

    res.status(answer.status).json(answer.body);
  });

  router.get("/v1/sessions", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { developerId, actor } = call.principal;
    const page = paging.read(req.query);
    const rows = await listOwnSessions(db.as(developerId), { developerId, current: actor.id }, page);
    sendPage(res, paging.answer(rows, page));
  });

  /** Signs out: ends the session that the request is sent with. */
  router.delete("/v1/sessions", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { developerId, actor } = call.principal;

    // Two concurrent sign-outs are one change.
    await transaction(db.as(developerId), (tx) => endSession(tx, call, actor.id));

    credentials.forget(developerId);
    res.status(204).end();
  });
}

/** Serves ending sessions from another session: a lost device, or somebody else's browser. */
function serveOthers(router: Router, { db, authenticate, credentials }: Deps): void {
  router.delete("/v1/sessions/:id", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { developerId } = call.principal;
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    const isEnded = await transaction(db.as(developerId), (tx) => endSession(tx, call, id));
    if (!isEnded) throw missing();

    credentials.forget(developerId);
    res.status(204).end();
  });

  router.post("/v1/sessions\\:revoke-others", async (req, res) => {
    const call = await authenticate(req, res, "session");

    const answer = await change(call, { req }, async (tx) => {
      const revoked = await endOtherSessions(tx, call);
      return { status: 200, body: { revoked } };
    });

    credentials.forget(call.principal.developerId);
    send(res, answer);
  });
}

function missing(): Problem {
  return problem("not_found", "There is no such session.");
}
