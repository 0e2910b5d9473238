import { parse, problem, readJson, type RateLimits, createRouter } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { PasskeyRequest, type PasskeyRequestOptions } from "@mosis/types/passkeys";
import { SessionCompletion } from "@mosis/types/sessions";
import type { Router } from "express";
import { anonymousBodyLimit } from "../../shared/body-limit.ts";
import type { Ceremonies } from "../passkeys/ceremonies.ts";
import { requirePasskeys } from "../passkeys/changes.ts";
import { listDescriptors } from "../passkeys/queries.ts";
import { everyone } from "../../access/principal.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import type { Complete } from "./complete.ts";
import { findWaitingFor, insertSignIn, replaceChallenge } from "./queries.ts";
import { newSignInToken, signInOver } from "./token.ts";

/** The second half of signing in, and signing in with a passkey only. */
export function signInRoutes(deps: {
  db: Pool;
  limits: RateLimits;
  ceremonies: Ceremonies | null;
  complete: Complete;
}): Router {
  const { db, limits, complete } = deps;
  const router = createRouter();

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
    res.status(201).json(await complete(req, body));
  });

  return router;
}

/** For whoever's passkey answers: nothing here tells who has an account. */
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

/** For somebody whose password or provider was right: only they learn which passkeys there are. */
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
