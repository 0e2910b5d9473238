import type { IncomingMessage } from "node:http";
import { parse, problem, requestId, createRouter } from "@mosis/http";
import { type Pool, type Queryable } from "@mosis/postgres";
import type { SecondFactor } from "@mosis/types/second-factors";
import { Reauthentication, SessionCompletion } from "@mosis/types/sessions";
import type { Router } from "express";
import { type Authenticate, credentialsInvalid } from "../../access/authenticate.ts";
import { type Answer, changeAfter, send } from "../../changes/change.ts";
import { type Confirm, passwordChanged } from "../passwords/confirm.ts";
import { lockPassword } from "../../developers/queries.ts";
import { appendAll, type Change } from "../../changes/outbox/append.ts";
import type { Principal } from "../../access/principal.ts";
import { hasFactor } from "../second-factors/enrol.ts";
import { findFactors } from "../second-factors/queries.ts";
import { reauthenticateSession } from "../sessions/queries.ts";
import type { AccountThrottle } from "../throttle/account.ts";
import { beginAttempt, proveAttempt } from "./attempt.ts";
import { waitForFactor } from "./first-factor.ts";
import type { Prove } from "./prove.ts";

interface Deps {
  db: Pool;
  authenticate: Authenticate;
  confirmPassword: Confirm;
  accounts: AccountThrottle;
  prove: Prove;
}

/** Proving once more, in a session, who one is: by what signing in needs, in the same two steps. */
export function reauthenticateRoutes(deps: Deps): Router {
  const { db, authenticate, confirmPassword } = deps;
  const router = createRouter();

  router.post("/v1/sessions\\:reauthenticate", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(Reauthentication, await authenticate.body(req), "body");
    const { developerId } = principal;
    const before = () => confirmPassword({ principal, req }, body.password);

    const answer = await changeAfter(db, { req, principal, body }, before, async (tx, confirmed) => {
      if (!(await lockPassword(tx, confirmed))) throw passwordChanged();
      const factors = await findFactors(tx, developerId);
      if (!hasFactor(factors)) return makeRecent(tx, { req, principal }, null, []);
      return { status: 202, body: await waitForFactor(tx, developerId, factors) };
    });

    send(res, answer);
  });

  router.post("/v1/sessions\\:complete-reauthentication", async (req, res) => {
    const principal = await authenticate(req, res, "session");
    const body = parse(SessionCompletion, await authenticate.body(req), "body");

    send(res, await complete({ req, principal }, body, deps));
  });

  return router;
}

/** Who proves themselves, with which request. */
interface By {
  req: IncomingMessage;
  principal: Principal;
}

async function complete(
  by: By & { req: Parameters<typeof changeAfter>[1]["req"] },
  body: SessionCompletion,
  { db, accounts, prove }: Deps,
): Promise<Answer> {
  const { req, principal } = by;
  const { developerId } = principal;
  const wrong = problem(
    "confirmation_required",
    "The second factor is wrong, was used, or is not enrolled: send another one.",
  );
  const begin = async () => {
    const attempt = await beginAttempt(db, body);
    // Of whom the token or the passkey is, nobody else learns.
    if (attempt.developerId !== developerId) throw wrong;
    return { ...attempt, developerId };
  };
  const tried = () =>
    changeAfter(db, { req, principal, body }, begin, async (tx, attempt) => {
      const changes = await proveAttempt(tx, attempt, { prove, requestId: requestId(req) });
      // Thrown, so that nothing of the request is kept.
      if (!changes) throw wrong;
      return makeRecent(tx, by, attempt.factor, changes);
    }).catch((error: unknown) => {
      if (error === wrong) return null;
      throw error;
    });
  const factor = body.totp_code !== undefined ? "totp" : "recovery_code";
  const answer = body.passkey ? await tried() : await accounts.countWrong(factor, developerId, tried);
  if (!answer) throw wrong;
  return answer;
}

/** Last in its transaction: see `appendOutbox`. */
async function makeRecent(
  tx: Queryable,
  { req, principal: { developerId, actor } }: By,
  factor: SecondFactor | null,
  changes: readonly Change[],
): Promise<Answer> {
  const recent = await reauthenticateSession(tx, actor.id, factor);
  if (!recent) throw credentialsInvalid();
  await appendAll(tx, [
    ...changes,
    {
      ...{ developerId, actor, requestId: requestId(req) },
      action: "session.reauthenticated",
      target: { type: "session", id: actor.id },
      payload: { id: actor.id, second_factor: factor, ...recent },
    },
  ]);
  return { status: 200, body: recent };
}
