import type { Queryable } from "@mosis/postgres";
import type { SessionCompletion } from "@mosis/types/sessions";
import { findDeveloper } from "../../developers/queries.ts";
import { insertMail } from "../../developers/mail-queue.ts";
import { type Event, systemActor } from "../../changes/outbox/record.ts";
import type { Ceremonies } from "../passkeys/ceremonies.ts";
import { findPasskey, usePasskey } from "../passkeys/queries.ts";
import { recoveryCodeHash } from "../recovery-codes/code.ts";
import { countRecoveryCodes, useRecoveryCode } from "../recovery-codes/queries.ts";
import type { SecretBox } from "../../shared/secret-box.ts";
import { stepOfCode } from "../totp/code.ts";
import { findTotp, takeStep } from "../totp/queries.ts";

/** A factor that a client has sent, and the account that it has to belong to. */
interface Proof {
  by: { developerId: string; requestId: string };
  asked: SessionCompletion;
  challengeHash: string | null;
  /** True when no first factor came before it: then the passkey has to verify its user, too. */
  isWhole: boolean;
}

/**
 * Returns the events for the audit trail; null when the proof is wrong, was used or is of no enrolled factor.
 */
export type Prove = (tx: Queryable, proof: Proof) => Promise<Event[] | null>;

export function createProve(deps: { totpSecrets: SecretBox; ceremonies: Ceremonies | null }): Prove {
  return async (tx, proof) => {
    const { totp_code, recovery_code } = proof.asked;
    if (totp_code !== undefined) return proveTotp(tx, proof.by, { code: totp_code, ...deps });
    if (recovery_code !== undefined) return proveRecoveryCode(tx, proof.by, recovery_code);
    return provePasskey(tx, proof, deps.ceremonies);
  };
}

async function proveTotp(
  tx: Queryable,
  { developerId }: Proof["by"],
  { code, totpSecrets }: { code: string; totpSecrets: SecretBox },
): Promise<Event[] | null> {
  const totp = await findTotp(tx, developerId);
  if (!totp) return null;
  const step = stepOfCode(totpSecrets.open(totp.secret, totp.id), code, Date.now());
  // The database decides which request gets a code that is sent twice at once.
  return step !== null && (await takeStep(tx, { id: totp.id, step })) ? [] : null;
}

async function proveRecoveryCode(tx: Queryable, by: Proof["by"], typed: string): Promise<Event[] | null> {
  const { developerId, requestId } = by;
  if (!(await useRecoveryCode(tx, developerId, recoveryCodeHash(developerId, typed)))) return null;
  const developer = await findDeveloper(tx, developerId);
  if (!developer) return null;
  const { count } = await countRecoveryCodes(tx, developerId);
  await insertMail(tx, { developerId, requestId, kind: "recovery_code_used", recipient: developer.email });
  return [
    {
      actor: systemActor,
      action: "recovery_code.used",
      target: { type: "developer", id: developerId },
      payload: { id: developerId, recovery_codes_left: count },
    },
  ];
}

async function provePasskey(
  tx: Queryable,
  { by, asked, challengeHash, isWhole }: Proof,
  ceremonies: Ceremonies | null,
): Promise<Event[] | null> {
  if (!asked.passkey || !ceremonies || challengeHash === null) return null;
  const passkey = await findPasskey(tx, by.developerId, asked.passkey.id);
  if (!passkey) return null;
  const signed = await ceremonies.verifySignIn(asked.passkey, { passkey, challengeHash, isWhole });
  // When two answers carry the same count, the database decides which one counts: a copy of the authenticator
  // has made the other.
  return signed && (await usePasskey(tx, { id: passkey.id, ...signed })) ? [] : null;
}
