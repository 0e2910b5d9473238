import { type Problem, problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Developer } from "@mosis/types/developers";
import type { SecondFactor } from "@mosis/types/second-factors";
import { credentialsInvalid } from "../../access/authenticate.ts";
import { lockDeveloper } from "../../developers/queries.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import type { Call } from "../../access/call.ts";
import { authorOf, type Event, record, sessionDeleted } from "../../changes/outbox/record.ts";
import { newRecoveryCodes, recoveryCodeHash } from "../recovery-codes/code.ts";
import { deleteRecoveryCodes, replaceRecoveryCodes } from "../recovery-codes/queries.ts";
import { deleteOtherSessions } from "../sessions/queries.ts";
import { type Factors, findFactors, markSession, unmarkSessions } from "./queries.ts";

/**
 * Locks the developer until the transaction ends, so that nobody changes or signs in with a factor meanwhile.
 * Returns the current factors.
 */
export async function lockFactors(
  tx: Queryable,
  developerId: string,
): Promise<{ developer: Developer; factors: Factors }> {
  const developer = await lockDeveloper(tx, developerId);
  if (!developer) throw credentialsInvalid();
  return { developer, factors: await findFactors(tx, developerId) };
}

export function hasFactor({ totp_created_at, passkeys }: Factors): boolean {
  return totp_created_at !== null || passkeys > 0;
}

/**
 * Applies the consequences of a new factor. The first factor ends all other sessions, which were signed in
 * without one, creates recovery codes, and makes this session count as signed in with it.
 * @param before the factors before it was added.
 * @returns codes to be shown once, and the events to record.
 */
export async function afterEnrolment(
  tx: Queryable,
  { principal, requestId }: Call,
  { factor, developer, before }: { factor: SecondFactor; developer: Developer; before: Factors },
): Promise<{ recovery_codes: string[] | null; events: Event[] }> {
  const { developerId, actor } = principal;
  const recipient = developer.email;
  await insertMail(tx, { developerId, requestId, kind: "second_factor_added", recipient });
  if (hasFactor(before)) return { recovery_codes: null, events: [] };
  const ended = await deleteOtherSessions(tx, developerId, actor.id);
  await markSession(tx, actor.id, factor);
  const recovery_codes = await drawRecoveryCodes(tx, developerId);
  return { recovery_codes, events: ended.map((session) => sessionDeleted(session)) };
}

/**
 * Applies the consequences of a removed factor. When none is left, the recovery codes are deleted: they stand
 * in for nothing.
 */
export async function afterRemoval(
  tx: Queryable,
  { requestId }: Call,
  { id: developerId, email: recipient }: Developer,
): Promise<void> {
  await insertMail(tx, { developerId, requestId, kind: "second_factor_removed", recipient });
  if (hasFactor(await findFactors(tx, developerId))) return;
  await deleteRecoveryCodes(tx, developerId);
  await unmarkSessions(tx, developerId);
}

/**
 * Replaces the recovery codes.
 * @throws Problem `state_conflict` (409) when there is no factor that they could stand in for.
 */
export async function replaceCodes(tx: Queryable, call: Call): Promise<string[]> {
  const { principal, requestId } = call;
  const { developerId } = principal;
  const { developer, factors } = await lockFactors(tx, developerId);
  if (!hasFactor(factors)) throw noFactor();
  const codes = await drawRecoveryCodes(tx, developerId);
  const recipient = developer.email;
  await insertMail(tx, { developerId, requestId, kind: "recovery_codes_replaced", recipient });
  await record(tx, authorOf(call), {
    action: "recovery_codes.replaced",
    target: { type: "developer", id: developerId },
    payload: { id: developerId, recovery_codes_left: codes.length },
  });
  return codes;
}

/** Makes new recovery codes, which replace all others. */
async function drawRecoveryCodes(tx: Queryable, developerId: string): Promise<string[]> {
  const codes = newRecoveryCodes();
  const hashes = codes.map((code) => recoveryCodeHash(developerId, code));
  await replaceRecoveryCodes(tx, developerId, hashes);
  return codes;
}

function noFactor(): Problem {
  return problem(
    "state_conflict",
    "You have no second factor: enrol an authenticator app or a passkey first.",
  );
}
