import { createRouter, parse, type RateLimits, readJson } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { OauthFinish, OauthStart } from "@mosis/types/oauth";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import type { SenderOf } from "../../access/call.ts";
import type { Credentials } from "../../access/credentials.ts";
import { everyone } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { change, send } from "../../changes/change.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import type { AnswerFirstFactor } from "../completion/first-factor.ts";
import { developerOf, linkProvider, unlinkProvider } from "./changes.ts";
import type { Flows } from "./flows.ts";
import type { Providers } from "./providers.ts";

// It is an alias, because an interface is not assignable to `ParamsDictionary`. Express does not infer a
// parameter before a colon.
type ProviderParams = Record<"provider", string>;

const path = "/v1/developers/me/oauth";

interface Deps {
  db: Pool;
  authenticate: Authenticate;
  senderOf: SenderOf;
  credentials: Pick<Credentials, "forget">;
  limits: RateLimits;
  providers: Providers;
  flows: Flows;
  answerFirstFactor: AnswerFirstFactor;
  mails: { wake(): void };
}

export function oauthRoutes(deps: Deps): Router {
  const router = createRouter();
  serveSignIn(router, deps);
  serveLinking(router, deps);
  return router;
}

/** Serves signing in and registering with a provider. */
function serveSignIn(router: Router, deps: Deps): void {
  const { db, senderOf, credentials, limits, providers, flows, answerFirstFactor } = deps;

  router.get("/v1/oauth", (req, res) => {
    limits.admitAnyone(req, res);
    res.json({ data: providers.names().map((name) => ({ name })) });
  });

  router.post<ProviderParams>("/v1/oauth/:provider\\:authorize", async (req, res) => {
    limits.admitAnyone(req, res);
    const body = parse(OauthStart, await readJson(req, anonymousBodyLimit), "body");
    const { provider } = req.params;
    const flow = await flows.begin(provider, body);
    await flows.save(db.as(everyone), flow, { provider, body, forWhom: null });
    res.status(201).json(flow);
  });

  router.post<ProviderParams>("/v1/oauth/:provider\\:finish", async (req, res) => {
    limits.admitAnyone(req, res);
    const body = parse(OauthFinish, await readJson(req, anonymousBodyLimit), "body");
    const identity = await flows.finish(req.params.provider, body, null);
    const sender = senderOf(req);

    const { developerId, answer } = await transaction(db.as(everyone), async (tx) => {
      const developerId = await developerOf(tx, identity, sender.requestId);
      return { developerId, answer: await answerFirstFactor(tx, { sender, developerId }) };
    });

    // The oldest session may have ended to make room for the new one.
    credentials.forget(developerId);
    res.status(answer.status).json(answer.body);
  });
}

/** Serves linking a provider as another way in to an account, for its owner who is signed in. */
function serveLinking(router: Router, { db, authenticate, flows, mails }: Deps): void {
  router.post<ProviderParams>(`${path}/:provider\\:authorize`, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(OauthStart, await authenticate.body(req), "body");
    // Another way in is as good as a password: a stolen session must not be enough to add one.
    await requireRecent(db.as(principal.developerId), principal);
    const { provider } = req.params;
    const flow = await flows.begin(provider, body);
    const forWhom = principal.developerId;

    const answer = await change(call, { req, body }, async (tx) => {
      await flows.save(tx, flow, { provider, body, forWhom });
      return { status: 201, body: flow };
    });

    send(res, answer);
  });

  /** PUT is right, because doing it twice has the same result, and a flow cannot be finished twice. */
  router.put<ProviderParams>(`${path}/:provider`, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(OauthFinish, await authenticate.body(req), "body");
    const identity = await flows.finish(req.params.provider, body, principal.developerId);

    const own = db.as(principal.developerId);
    const developer = await transaction(own, (tx) => linkProvider(tx, call, identity));

    mails.wake();
    res.json(developer);
  });

  router.delete<ProviderParams>(`${path}/:provider`, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { provider } = req.params;

    await transaction(db.as(call.principal.developerId), (tx) => unlinkProvider(tx, call, provider));

    res.status(204).end();
  });
}
