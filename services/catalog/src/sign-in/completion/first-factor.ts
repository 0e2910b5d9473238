import type { IncomingMessage } from "node:http";
import type { Queryable } from "@mosis/postgres";
import type { SecondFactor } from "@mosis/types/second-factors";
import type { SecondFactorNeeded, SessionWithToken } from "@mosis/types/sessions";
import { credentialsInvalid } from "../../access/authenticate.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { hasFactor } from "../second-factors/changes.ts";
import { type Factors, findFactors } from "../second-factors/queries.ts";
import type { BeginSession } from "../sessions/changes.ts";
import { deleteOldestSignIns, findWaysIn, insertSignIn, lockAccount } from "./queries.ts";
import { newSignInToken } from "./token.ts";

/** A session, or what is missing for one. */
type FirstFactorAnswer = { status: 201; body: SessionWithToken } | { status: 202; body: SecondFactorNeeded };

/**
 * What somebody is answered whose password or provider was right. With a second factor enrolled, that alone
 * begins no session. Last in its transaction: see `record`.
 */
export type AnswerFirstFactor = (
  tx: Queryable,
  by: { req: IncomingMessage; developerId: string },
) => Promise<FirstFactorAnswer>;

export function createAnswerFirstFactor({ beginSession }: { beginSession: BeginSession }): AnswerFirstFactor {
  return async (tx, { req, developerId }) => {
    // Locked before the factors are read: whoever enrols the first one meanwhile ends what this begins.
    if (!(await lockAccount(tx, developerId))) throw credentialsInvalid();
    const factors = await findFactors(tx, developerId);
    if (!hasFactor(factors)) {
      const session = await beginSession(tx, { req, developerId, secondFactor: null, events: [] });
      return { status: 201, body: session };
    }
    return { status: 202, body: await waitForFactor(tx, developerId, factors) };
  };
}

/** Begins what a second factor completes, for an account that is locked. */
export async function waitForFactor(
  tx: Queryable,
  developerId: string,
  factors: Factors,
): Promise<SecondFactorNeeded> {
  const token = newSignInToken();
  await deleteOldestSignIns(tx, developerId);
  const { expires_at } = await insertSignIn(tx, {
    tokenHash: hashSecret(token),
    developerId,
    waysIn: (await findWaysIn(tx, developerId)).ways_in,
    challengeHash: null,
  });
  return { sign_in_token: token, expires_at, second_factors: namesOf(factors) };
}

function namesOf(factors: Factors): SecondFactor[] {
  const { totp_created_at, passkeys, recovery_codes_left } = factors;
  return [
    ...(totp_created_at === null ? [] : (["totp"] as const)),
    ...(passkeys > 0 ? (["passkey"] as const) : []),
    ...(recovery_codes_left > 0 ? (["recovery_code"] as const) : []),
  ];
}
