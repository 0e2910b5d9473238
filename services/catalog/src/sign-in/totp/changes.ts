import { type Problem, problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { FactorEnrolled, TotpSecret } from "@mosis/types/second-factors";
import type { Call } from "../../access/call.ts";
import { authorOf, type Event, record } from "../../changes/outbox/record.ts";
import { requireVerified } from "../../developers/verified.ts";
import type { SecretBox } from "../../shared/secret-box.ts";
import { afterEnrolment, afterRemoval, lockFactors } from "../second-factors/changes.ts";
import { newTotpSecret, otpauthUri, stepOfCode } from "./code.ts";
import * as queries from "./queries.ts";

/** Makes a secret that waits for its first code, and replaces one that waits already. */
export async function beginTotp(
  tx: Queryable,
  { principal: { developerId } }: Call,
  totpSecrets: SecretBox,
): Promise<TotpSecret> {
  // An account registered with somebody else's address must not lock the owner of the address out.
  await requireVerified(tx, developerId);
  const { developer } = await lockFactors(tx, developerId);
  const secret = newTotpSecret();
  const id = newId();
  await queries.replacePendingTotp(tx, { id, developerId, secret: totpSecrets.seal(secret, id) });
  return { secret, otpauth_uri: otpauthUri(secret, developer.email) };
}

/**
 * Confirms the secret.
 * @throws Problem `state_conflict` (409) when no secret waits, `token_invalid` (422) for a wrong code.
 */
export async function confirmTotp(
  tx: Queryable,
  call: Call,
  { code, totpSecrets }: { code: string; totpSecrets: SecretBox },
): Promise<FactorEnrolled> {
  const { developerId } = call.principal;
  const { developer, factors: before } = await lockFactors(tx, developerId);
  const pending = await queries.findPendingTotp(tx, developerId);
  if (!pending) throw nothingPending();
  // Attempts are not counted: a signed-in client has seen the secret.
  const step = stepOfCode(totpSecrets.open(pending.secret, pending.id), code, Date.now());
  if (step === null) throw wrongCode();
  await queries.deleteTotp(tx, developerId);
  await queries.confirmTotp(tx, { id: pending.id, step });
  const enrolled = await afterEnrolment(tx, call, { factor: "totp", developer, before });
  await record(tx, authorOf(call), ...enrolled.events, totpEvent("totp.created", developerId));
  return { recovery_codes: enrolled.recovery_codes };
}

export async function removeTotp(tx: Queryable, call: Call): Promise<void> {
  const { developerId } = call.principal;
  const { developer } = await lockFactors(tx, developerId);
  if (!(await queries.deleteTotp(tx, developerId))) {
    throw problem("not_found", "The account has no authenticator app.");
  }
  await afterRemoval(tx, call, developer);
  await record(tx, authorOf(call), totpEvent("totp.deleted", developerId));
}

function totpEvent(action: string, id: string): Event {
  return { action, target: { type: "developer", id }, payload: { id } };
}

function nothingPending(): Problem {
  const begin = "begin with POST /v1/developers/me/totp.";
  return problem("state_conflict", `No secret waits for its first code: ${begin}`);
}

function wrongCode(): Problem {
  return problem("token_invalid", "The code is wrong: send the one that the authenticator app shows now.");
}
