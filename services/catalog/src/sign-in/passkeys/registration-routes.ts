import { parse, problem, requestId, createRouter } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { NewPasskey } from "@mosis/types/passkeys";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import type { Credentials } from "../../access/credentials.ts";
import type { Ceremonies } from "./ceremonies.ts";
import * as changes from "./changes.ts";
import { takeChallenges } from "./queries.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";

const path = "/v1/developers/me/passkeys";

/** Registering a passkey, for whoever is signed in. Signing in with one is in `completion/`. */
export function passkeyRegistrationRoutes(deps: {
  db: Pool;
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  /** Null when no page may use passkeys here. */
  ceremonies: Ceremonies | null;
  mails: { wake(): void };
}): Router {
  const { db, authenticate, credentials, mails } = deps;
  const router = createRouter();

  router.post(`${path}\\:options`, async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const ceremonies = changes.requirePasskeys(deps.ceremonies);
    await requireRecent(db.as(principal.developerId), principal);

    const answer = await change(db, { req, principal }, async (tx) => {
      const public_key = await changes.begin(tx, principal, ceremonies);
      return { status: 201, body: { public_key } };
    });

    send(res, answer);
  });

  router.post(path, async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(NewPasskey, await authenticate.body(req), "body");
    const ceremonies = changes.requirePasskeys(deps.ceremonies);
    const { developerId, actor } = principal;
    const own = db.as(developerId);
    await requireRecent(own, principal);
    // Committed before it is looked at: a challenge is for one attempt, good or not.
    const challenges = await takeChallenges(own, actor.id);
    const registered = await ceremonies.verifyRegistration(body.credential, challenges);
    if (!registered) {
      throw problem(
        "token_invalid",
        `The passkey is not for what was asked: begin with POST ${path}:options.`,
      );
    }
    const by = { developerId, actor, requestId: requestId(req) };

    const answer = await change(db, { req, principal, body }, async (tx) => ({
      status: 201,
      body: await changes.register(tx, by, { ...registered, asked: body }),
    }));

    credentials.forget(developerId);
    mails.wake();
    send(res, answer);
  });

  return router;
}
