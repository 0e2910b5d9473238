import { parse, problem, requestId, createRouter } from "@mosis/http";
import { isDuplicate, type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { Developer } from "@mosis/types/developers";
import { OauthFinish, OauthStart } from "@mosis/types/oauth";
import type { Request, Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { lockDeveloper } from "../../developers/queries.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import type { Principal } from "../../access/principal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import type { Flows } from "./flows.ts";
import type { Identity } from "./providers.ts";
import { link, unlink } from "./queries.ts";
import type { ProviderParams } from "./routes.ts";

const path = "/v1/developers/me/oauth";

/** A provider as another way in to an account, for whoever is signed in to it. */
export function oauthLinkRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  flows: Flows;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, flows, mails } = deps;
  const router = createRouter();

  router.post<ProviderParams>(`${path}/:provider\\:authorize`, async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(OauthStart, await authenticate.body(req), "body");
    // Another way in is as good as a password: a stolen session must not be enough for it.
    await requireRecent(db.as(principal.developerId), principal);
    const { provider } = req.params;
    const flow = await flows.begin(provider, body);
    const forWhom = principal.developerId;

    const answer = await change(db, { req, principal, body }, async (tx) => {
      await flows.save(tx, flow, { provider, body, forWhom });
      return { status: 201, body: flow };
    });

    send(res, answer);
  });

  /** A PUT, because done twice it is the same, and a flow cannot be finished twice. */
  router.put<ProviderParams>(`${path}/:provider`, async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(OauthFinish, await authenticate.body(req), "body");
    const identity = await flows.finish(req.params.provider, body, principal.developerId);

    const developer = await transaction(db.as(principal.developerId), (tx) =>
      linkTo(tx, { req, principal, identity }),
    ).catch((error: unknown) => {
      if (!isDuplicate(error, "developers_oauth")) throw error;
      throw problem("state_conflict", "Another account signs in with this one of the provider's.");
    });

    mails.wake();
    res.json(developer);
  });

  router.delete<ProviderParams>(`${path}/:provider`, async (req, res) => {
    const principal = await authenticate(req, res, "session");

    await transaction(db.as(principal.developerId), (tx) => unlinkFrom(tx, { req, principal }));

    res.status(204).end();
  });

  return router;
}

async function linkTo(
  tx: Queryable,
  { req, principal, identity }: { req: Request<ProviderParams>; principal: Principal; identity: Identity },
): Promise<Developer> {
  const { developerId } = principal;
  const linked = await link(tx, developerId, identity);
  if (!linked) throw problem("state_conflict", "The account has a provider already: unlink it first.");
  const mail = { kind: "oauth_linked", recipient: linked.email, requestId: requestId(req) } as const;
  await insertMail(tx, { developerId, ...mail });
  await append(tx, { req, principal, action: "developer.oauth_linked", body: linked });
  return linked;
}

async function unlinkFrom(
  tx: Queryable,
  { req, principal }: { req: Request<ProviderParams>; principal: Principal },
): Promise<void> {
  const developer = await lockDeveloper(tx, principal.developerId);
  if (developer?.oauth_provider !== req.params.provider) {
    throw problem("not_found", "The account is not linked to that provider.");
  }
  const body = await unlink(tx, principal.developerId);
  if (!body) throw problem("state_conflict", "There would be no way to sign in: choose a password first.");
  await append(tx, { req, principal, action: "developer.oauth_unlinked", body });
}

function append(
  tx: Queryable,
  change: { req: Parameters<typeof requestId>[0]; principal: Principal; action: string; body: Developer },
): Promise<void> {
  const { req, principal, action, body } = change;
  const { developerId, actor } = principal;
  const target = { type: "developer", id: developerId };
  return appendOutbox(tx, { developerId, actor, requestId: requestId(req), action, target, payload: body });
}
