import { type Problem, problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { Developer } from "@mosis/types/developers";
import type { SecondFactor } from "@mosis/types/second-factors";
import { credentialsInvalid } from "../../access/authenticate.ts";
import { lockDeveloper } from "../../developers/queries.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import type { Change } from "../../changes/outbox/append.ts";
import { type By, sessionDeleted } from "../../changes/outbox/events.ts";
import { newRecoveryCodes, recoveryCodeHash } from "../recovery-codes/code.ts";
import { deleteRecoveryCodes, replaceRecoveryCodes } from "../recovery-codes/queries.ts";
import { deleteOtherSessions } from "../sessions/queries.ts";
import { type Factors, findFactors, markSession, unmarkSessions } from "./queries.ts";

/**
 * The developer with the factors of now, which nobody else changes, or signs in with, until the transaction
 * ends.
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
 * What follows when a factor was added. The first one ends all other sessions, which were signed in without
 * one, gives recovery codes, and from then on this session counts as signed in with it.
 * @param before the factors before it was added.
 * @returns codes to be told once, and what is to be appended to the outbox.
 */
export async function afterEnrolment(
  tx: Queryable,
  added: { by: By; factor: SecondFactor; developer: Developer; before: Factors },
): Promise<{ recovery_codes: string[] | null; changes: Change[] }> {
  const { by, factor, developer, before } = added;
  const { developerId, requestId, actor } = by;
  await insertMail(tx, {
    ...{ developerId, requestId },
    ...{ kind: "second_factor_added", recipient: developer.email },
  });
  if (hasFactor(before)) return { recovery_codes: null, changes: [] };
  const ended = await deleteOtherSessions(tx, developerId, actor.id);
  await markSession(tx, actor.id, factor);
  const recovery_codes = await drawRecoveryCodes(tx, developerId);
  return { recovery_codes, changes: ended.map((session) => sessionDeleted(by, session)) };
}

/** What follows when a factor was removed. Without any left, recovery codes stand in for nothing. */
export async function afterRemoval(
  tx: Queryable,
  { by, developer }: { by: By; developer: Developer },
): Promise<void> {
  const { developerId, requestId } = by;
  await insertMail(tx, {
    ...{ developerId, requestId },
    ...{ kind: "second_factor_removed", recipient: developer.email },
  });
  if (hasFactor(await findFactors(tx, developerId))) return;
  await deleteRecoveryCodes(tx, developerId);
  await unmarkSessions(tx, developerId);
}

/** New recovery codes in the place of all others. */
export async function drawRecoveryCodes(tx: Queryable, developerId: string): Promise<string[]> {
  const codes = newRecoveryCodes();
  const hashes = codes.map((code) => recoveryCodeHash(developerId, code));
  await replaceRecoveryCodes(tx, developerId, hashes);
  return codes;
}

export function noFactor(): Problem {
  return problem(
    "state_conflict",
    "There is no second factor: enrol an authenticator app or a passkey first.",
  );
}
