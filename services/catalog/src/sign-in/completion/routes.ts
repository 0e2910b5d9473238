import { createRouter, parse, problem, type RateLimits, readJson } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { PasskeyRequest, type PasskeyRequestOptions } from "@mosis/types/passkeys";
import { Reauthentication, SessionCompletion } from "@mosis/types/sessions";
import type { Request, Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import type { Call, SenderOf } from "../../access/call.ts";
import { everyone } from "../../access/principal.ts";
import { type Answer, changeAfter, send } from "../../changes/change.ts";
import { lockPassword } from "../../developers/queries.ts";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import type { Ceremonies } from "../passkeys/ceremonies.ts";
import { requirePasskeys } from "../passkeys/changes.ts";
import { listDescriptors } from "../passkeys/queries.ts";
import { type Confirm, passwordChanged } from "../passwords/confirm.ts";
import { hasFactor } from "../second-factors/changes.ts";
import { findFactors } from "../second-factors/queries.ts";
import type { AccountThrottle } from "../throttle/account.ts";
import { beginAttempt, proveAttempt } from "./attempt.ts";
import { makeRecent, waitForFactor } from "./changes.ts";
import type { Complete } from "./complete.ts";
import type { Prove } from "./prove.ts";
import { findWaitingFor, insertSignIn, replaceChallenge } from "./queries.ts";
import { newSignInToken, signInOver } from "./token.ts";

interface Deps {
  db: Pool;
  authenticate: Authenticate;
  senderOf: SenderOf;
  limits: RateLimits;
  /** The ceremonies of passkeys; null when no page may use them here. */
  ceremonies: Ceremonies | null;
  complete: Complete;
  confirmPassword: Confirm;
  accounts: AccountThrottle;
  prove: Prove;
}

export function completionRoutes(deps: Deps): Router {
  const router = createRouter();
  serveSignIn(router, deps);
  serveReauthentication(router, deps);
  return router;
}

/** Serves the second half of signing in, and signing in with only a passkey. */
function serveSignIn(router: Router, deps: Deps): void {
  const { db, senderOf, limits, complete } = deps;

  router.post("/v1/sessions\\:passkey-options", async (req, res) => {
    limits.admitAnyone(req, res);
    const { sign_in_token } = parse(
      PasskeyRequest,
      await readJson(req, { ...anonymousBodyLimit, isOptional: true }),
      "body",
    );
    const ceremonies = requirePasskeys(deps.ceremonies);
    res
      .status(201)
      .json(
        sign_in_token === undefined
          ? await beginWhole(db, ceremonies)
          : await beginSecond(db, ceremonies, sign_in_token),
      );
  });

  router.post("/v1/sessions\\:complete", async (req, res) => {
    limits.admitAnyone(req, res);
    const body = parse(SessionCompletion, await readJson(req, anonymousBodyLimit), "body");
    res.status(201).json(await complete(senderOf(req), body));
  });
}

/**
 * Serves the proof of identity in a running session. It needs the same factors as signing in, in the same two
 * steps.
 */
function serveReauthentication(router: Router, deps: Deps): void {
  const { authenticate, confirmPassword } = deps;

  router.post("/v1/sessions\\:reauthenticate", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(Reauthentication, await authenticate.body(req), "body");
    const { developerId } = principal;
    const before = () => confirmPassword(call, body.password);

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

    send(res, await completeReauthentication(call, { req, body }, deps));
  });
}

async function completeReauthentication(
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
    // The answer is the same, so that nobody learns whose token or passkey it is.
    if (attempt.developerId !== developerId) throw wrong;
    return { ...attempt, developerId };
  };
  const tried = () =>
    changeAfter(call, { req, body }, begin, async (tx, attempt) => {
      const events = await proveAttempt(tx, attempt, { prove, requestId: call.requestId });
      // The error rolls the transaction back, so that nothing of the request is kept.
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

/**
 * Begins a sign-in that any account's passkey may answer. The answer does not reveal which accounts exist.
 */
async function beginWhole(db: Pool, ceremonies: Ceremonies): Promise<PasskeyRequestOptions> {
  const sign_in_token = newSignInToken();
  const public_key = await ceremonies.requestOptions([]);
  await insertSignIn(db.as(everyone), {
    tokenHash: hashSecret(sign_in_token),
    developerId: null,
    waysIn: null,
    challengeHash: hashSecret(public_key.challenge),
  });
  return { sign_in_token, public_key };
}

/**
 * Begins a second factor after a right password or provider. Only such a client learns which passkeys exist.
 */
async function beginSecond(
  db: Pool,
  ceremonies: Ceremonies,
  sign_in_token: string,
): Promise<PasskeyRequestOptions> {
  const tokenHash = hashSecret(sign_in_token);
  const waiting = await findWaitingFor(db.as(everyone), tokenHash);
  if (!waiting) throw signInOver();
  const own = db.as(waiting.developer_id);
  const allowed = await listDescriptors(own, waiting.developer_id);
  if (allowed.length === 0)
    throw problem("state_conflict", "The account has no passkey: use another factor.");
  const public_key = await ceremonies.requestOptions(allowed);
  if (!(await replaceChallenge(own, tokenHash, hashSecret(public_key.challenge)))) throw signInOver();
  return { sign_in_token, public_key };
}
