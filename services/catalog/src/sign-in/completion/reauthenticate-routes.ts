import { createRouter, parse, problem } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { Reauthentication, SessionCompletion } from "@mosis/types/sessions";
import type { Request, Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import type { Call } from "../../access/call.ts";
import { type Answer, changeAfter, send } from "../../changes/change.ts";
import { lockPassword } from "../../developers/queries.ts";
import { type Confirm, passwordChanged } from "../passwords/confirm.ts";
import { hasFactor } from "../second-factors/changes.ts";
import { findFactors } from "../second-factors/queries.ts";
import type { AccountThrottle } from "../throttle/account.ts";
import { beginAttempt, proveAttempt } from "./attempt.ts";
import { makeRecent } from "./changes.ts";
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
  const { authenticate, confirmPassword } = deps;
  const router = createRouter();

  router.post("/v1/sessions\\:reauthenticate", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(Reauthentication, await authenticate.body(req), "body");
    const { developerId } = principal;
    const before = () => confirmPassword({ principal, req }, body.password);

    const answer = await changeAfter(call, { req, body }, before, async (tx, confirmed) => {
      if (!(await lockPassword(tx, confirmed))) throw passwordChanged();
      const factors = await findFactors(tx, developerId);
      if (!hasFactor(factors)) return { status: 200, body: await makeRecent(tx, call, null, []) };
      return { status: 202, body: await waitForFactor(tx, developerId, factors) };
    });

    send(res, answer);
  });

  router.post("/v1/sessions\\:complete-reauthentication", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const body = parse(SessionCompletion, await authenticate.body(req), "body");

    send(res, await complete(call, { req, body }, deps));
  });

  return router;
}

async function complete(
  call: Call,
  { req, body }: { req: Request; body: SessionCompletion },
  { db, accounts, prove }: Deps,
): Promise<Answer> {
  const { developerId } = call.principal;
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
    changeAfter(call, { req, body }, begin, async (tx, attempt) => {
      const events = await proveAttempt(tx, attempt, { prove, requestId: call.requestId });
      // Thrown, so that nothing of the request is kept.
      if (!events) throw wrong;
      return { status: 200, body: await makeRecent(tx, call, attempt.factor, events) };
    }).catch((error: unknown) => {
      if (error === wrong) return null;
      throw error;
    });
  const factor = body.totp_code !== undefined ? "totp" : "recovery_code";
  const answer = body.passkey ? await tried() : await accounts.countWrong(factor, developerId, tried);
  if (!answer) throw wrong;
  return answer;
}
