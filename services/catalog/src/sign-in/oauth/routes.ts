import { parse, readJson, requestId, type RateLimits, createRouter } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { OauthFinish, OauthStart } from "@mosis/types/oauth";
import type { Router } from "express";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import type { Credentials } from "../../access/credentials.ts";
import { everyone } from "../../access/principal.ts";
import type { AnswerFirstFactor } from "../completion/first-factor.ts";
import type { Flows } from "./flows.ts";
import type { Providers } from "./providers.ts";
import { developerOf } from "./sign-in.ts";

/** Express does not tell the type of a parameter with a colon behind it. */
// An alias, because interfaces are no `ParamsDictionary`.
export type ProviderParams = Record<"provider", string>;

/** Signing in and registering with a provider. Linking an account that exists is in `link-routes.ts`. */
export function oauthRoutes(deps: {
  db: Pool;
  credentials: Pick<Credentials, "forget">;
  limits: RateLimits;
  providers: Providers;
  flows: Flows;
  answerFirstFactor: AnswerFirstFactor;
}): Router {
  const { db, credentials, limits, providers, flows, answerFirstFactor } = deps;
  const router = createRouter();

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

    const { developerId, answer } = await transaction(db.as(everyone), async (tx) => {
      const developerId = await developerOf(tx, identity, requestId(req));
      return { developerId, answer: await answerFirstFactor(tx, { req, developerId }) };
    });

    // The oldest session may have ended for the new one.
    credentials.forget(developerId);
    res.status(answer.status).json(answer.body);
  });

  return router;
}
