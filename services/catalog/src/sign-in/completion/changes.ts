import type { Queryable } from "@mosis/postgres";
import type { SecondFactor } from "@mosis/types/second-factors";
import type { SecondFactorNeeded } from "@mosis/types/sessions";
import { credentialsInvalid } from "../../access/authenticate.ts";
import type { Call } from "../../access/call.ts";
import { authorOf, type Event, record } from "../../changes/outbox/record.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import type { Factors } from "../second-factors/queries.ts";
import { reauthenticateSession } from "../sessions/queries.ts";
import { deleteOldestSignIns, findWaysIn, insertSignIn } from "./queries.ts";
import { newSignInToken } from "./token.ts";

/**
 * Makes the caller's session a recent one. Call it last in its transaction: see `record`.
 * @param events the changes from proving the factor, for the audit trail.
 * @throws Problem `credentials_invalid` (401) when the session has ended.
 */
export async function makeRecent(
  tx: Queryable,
  call: Call,
  factor: SecondFactor | null,
  events: readonly Event[],
) {
  const { id } = call.principal.actor;
  const recent = await reauthenticateSession(tx, id, factor);
  if (!recent) throw credentialsInvalid();
  await record(tx, authorOf(call), ...events, {
    action: "session.reauthenticated",
    target: { type: "session", id },
    payload: { id, second_factor: factor, ...recent },
  });
  return recent;
}

/** Begins a sign-in that a second factor completes, for an account that is locked. */
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
