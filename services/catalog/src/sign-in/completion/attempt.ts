import { type Pool, type Queryable } from "@mosis/postgres";
import type { SecondFactor } from "@mosis/types/second-factors";
import type { SessionCompletion } from "@mosis/types/sessions";
import type { Event } from "../../changes/outbox/record.ts";
import { everyone } from "../../access/principal.ts";
import { findPasskeyOwner } from "../passkeys/queries.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import type { Prove } from "./prove.ts";
import { deleteSignIn, findWaysIn, lockAccount, takeAttempt } from "./queries.ts";
import { signInOver } from "./token.ts";

/** A second factor, or a passkey, that a client has sent with the token of a sign-in. */
export interface Attempt {
  asked: SessionCompletion;
  factor: SecondFactor;
  tokenHash: string;
  challengeHash: string | null;
  /** The ways in after a first factor; null when there was none, and the passkey names the account. */
  waysIn: string | null;
  /** The developer who signs in; null when nobody has the passkey. */
  developerId: string | null;
}

/**
 * Takes one of the attempts of a sign-in.
 * @throws Problem `token_invalid` (422).
 */
export async function beginAttempt(db: Pool, asked: SessionCompletion): Promise<Attempt> {
  const tokenHash = hashSecret(asked.sign_in_token);
  const factor = factorOf(asked);
  // The attempt is committed before anything is tried, so that concurrent requests each use up one of their
  // own.
  const taken = await takeAttempt(db.as(everyone), tokenHash, { isPasskey: factor === "passkey" });
  if (!taken) throw signInOver();
  const developerId = taken.developer_id ?? (await passkeyOwner(db.as(everyone), { asked, tokenHash }));
  const { challenge_hash: challengeHash, ways_in: waysIn } = taken;
  return { asked, factor, tokenHash, challengeHash, waysIn, developerId };
}

/**
 * Proves the factor and uses up the sign-in, in the transaction of the change that it is for.
 * @returns the events for the audit trail; null when the factor is wrong, or the account has changed
 * meanwhile.
 */
export async function proveAttempt(
  tx: Queryable,
  attempt: Attempt & { developerId: string },
  { prove, requestId }: { prove: Prove; requestId: string },
): Promise<Event[] | null> {
  const { developerId, asked, challengeHash, waysIn, tokenHash } = attempt;
  if (!(await lockAccount(tx, developerId))) return null;
  const isWhole = waysIn === null;
  // A first factor does not count when its password or provider was changed meanwhile.
  if (!isWhole && (await findWaysIn(tx, developerId)).ways_in !== waysIn) return null;
  const events = await prove(tx, { by: { developerId, requestId }, asked, challengeHash, isWhole });
  if (!events) return null;
  return isWhole || (await deleteSignIn(tx, tokenHash)) ? events : null;
}

function factorOf(asked: SessionCompletion): SecondFactor {
  if (asked.totp_code !== undefined) return "totp";
  return asked.recovery_code !== undefined ? "recovery_code" : "passkey";
}

/**
 * Returns the developer of a sign-in with only a passkey, and uses the sign-in up: its challenge was for one
 * attempt. Returns null for another factor, or a passkey that nobody has.
 * @param db for everybody.
 */
async function passkeyOwner(
  db: Queryable,
  { asked, tokenHash }: { asked: SessionCompletion; tokenHash: string },
): Promise<string | null> {
  if (!asked.passkey) return null;
  if (!(await deleteSignIn(db, tokenHash))) return null;
  const owner = await findPasskeyOwner(db, asked.passkey.id);
  return owner?.developer_id ?? null;
}
