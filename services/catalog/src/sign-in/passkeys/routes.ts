import { createRouter, parse, problem } from "@mosis/http";
import { type Pool, transaction } from "@mosis/postgres";
import { NewPasskey, PasskeyChange } from "@mosis/types/passkeys";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import type { Credentials } from "../../access/credentials.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { change, send } from "../../changes/change.ts";
import { isUuid } from "../../shared/identifier.ts";
import type { Ceremonies } from "./ceremonies.ts";
import * as changes from "./changes.ts";
import { listOwnPasskeys, takeChallenges } from "./queries.ts";

const path = "/v1/developers/me/passkeys";

interface Deps {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  /** The ceremonies of passkeys; null when no page may use them here. */
  ceremonies: Ceremonies | null;
  mails: { wake(): void };
}

/** Serves the passkeys of the caller's account. Signing in with one is in `completion/`. */
export function passkeyRoutes(deps: Deps): Router {
  const router = createRouter();
  serveOwn(router, deps);
  serveRegistration(router, deps);
  return router;
}

function serveOwn(router: Router, { db, authenticate, credentials, mails }: Deps): void {
  router.get(path, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { developerId } = call.principal;
    res.json({ data: await listOwnPasskeys(db.as(developerId), developerId) });
  });

  router.patch(`${path}/:id`, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { developerId } = call.principal;
    const { name } = parse(PasskeyChange, await authenticate.body(req), "body");
    const { id } = req.params;
    if (!isUuid(id)) throw changes.missingPasskey();

    const renamed = await transaction(db.as(developerId), (tx) => changes.rename(tx, call, { id, name }));

    res.json(renamed);
  });

  router.delete(`${path}/:id`, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const { developerId } = principal;
    const { id } = req.params;
    if (!isUuid(id)) throw changes.missingPasskey();
    await requireRecent(db.as(developerId), principal);

    await transaction(db.as(developerId), (tx) => changes.remove(tx, call, id));

    credentials.forget(developerId);
    mails.wake();
    res.status(204).end();
  });
}

function serveRegistration(router: Router, deps: Deps): void {
  const { db, authenticate, credentials, mails } = deps;

  router.post(`${path}\\:options`, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const ceremonies = changes.requirePasskeys(deps.ceremonies);
    await requireRecent(db.as(principal.developerId), principal);

    const answer = await change(call, { req }, async (tx) => {
      const public_key = await changes.begin(tx, call, ceremonies);
      return { status: 201, body: { public_key } };
    });

    send(res, answer);
  });

  router.post(path, async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(NewPasskey, await authenticate.body(req), "body");
    const ceremonies = changes.requirePasskeys(deps.ceremonies);
    const { developerId, actor } = principal;
    const own = db.as(developerId);
    await requireRecent(own, principal);
    // The challenge is used up and committed before the credential is checked: it is for one attempt, good or
    // not.
    const challenges = await takeChallenges(own, actor.id);
    const registered = await ceremonies.verifyRegistration(body.credential, challenges);
    if (!registered) {
      throw problem(
        "token_invalid",
        `The passkey does not answer a valid challenge: start with POST ${path}:options.`,
      );
    }

    const answer = await change(call, { req, body }, async (tx) => ({
      status: 201,
      body: await changes.register(tx, call, { ...registered, asked: body }),
    }));

    credentials.forget(developerId);
    mails.wake();
    send(res, answer);
  });
}
