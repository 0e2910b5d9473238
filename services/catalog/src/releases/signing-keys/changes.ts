import { etagOf, type Problem, problem, requireMatch } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { type SigningKey, signingKeyProofText } from "@mosis/types/signing-keys";
import type { Call } from "../../access/call.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { authorOf, type Event, record } from "../../changes/outbox/record.ts";
import { notify } from "../../developers/mail-queue.ts";
import { stateConflict } from "../../shared/refusal.ts";
import type { PublicKey } from "./public-key.ts";
import { countLocked, insertSigningKey, lockOwnSigningKey, revokeLocked } from "./queries.ts";
import { isSignedBy } from "./verify.ts";

/** @limit active signing keys of a developer */
const activeKeysMax = 20;
/**
 * The limit exists because revoked keys are kept for good: without it, an account could make them without
 * end.
 * @limit signing keys of a developer, revoked ones included
 */
const keysMax = 500;

export async function registerSigningKey(
  tx: Queryable,
  call: Call,
  { name, key }: { name: string; key: PublicKey },
): Promise<SigningKey> {
  const { developerId } = call.principal;
  await requireRecent(tx, call.principal);
  const { all, active } = await countLocked(tx, developerId);
  if (active >= activeKeysMax) {
    throw problem("state_conflict", `You have ${activeKeysMax} active signing keys: revoke one first.`);
  }
  if (all >= keysMax) {
    throw problem("state_conflict", `You have registered ${keysMax} signing keys, which is the maximum.`);
  }
  const created = await insertSigningKey(tx, developerId, { name, ...key });
  if (!created) {
    const detail = `You have already registered the key with the fingerprint ${key.fingerprint}.`;
    throw problem("signing_key_taken", `${detail} A revoked key cannot be restored: make a new one.`);
  }
  const { requestId } = call;
  await notify(tx, { developerId, kind: "signing_key_added", requestId, subjects: [created.fingerprint] });
  await record(tx, authorOf(call), signingKeyEvent("signing_key.created", created));
  return created;
}

export async function revokeSigningKey(
  tx: Queryable,
  call: Call,
  id: string,
  reason: string,
): Promise<SigningKey> {
  const locked = await lockOwnSigningKey(tx, call.principal.developerId, id);
  if (!locked) throw missingSigningKey();
  requireMatch(call.ifMatch, tagOf(locked));
  if (!locked.is_active) {
    throw stateConflict("The signing key", {
      code: "signing_key_revoked",
      message: "was revoked already",
      fix: "Nothing has to be done: it no longer verifies new versions.",
    });
  }
  // A revoked key cannot be restored.
  await requireRecent(tx, call.principal);
  const revoked = await revokeLocked(tx, locked.id, reason);
  await record(tx, authorOf(call), signingKeyEvent("signing_key.revoked", revoked));
  return revoked;
}

/**
 * Requires a proof that the developer holds the private half of the key. Otherwise somebody could claim the
 * key of others, and with it everything that it has signed.
 * @throws Problem `signature_invalid` with the text that has to be signed.
 */
export function requireProof(developerId: string, { pem, fingerprint }: PublicKey, proof: string): void {
  const text = signingKeyProofText(developerId, fingerprint);
  if (isSignedBy(pem, Buffer.from(text), proof)) return;
  const fix = `Sign this text with the private key, without a line end: ${text}`;
  throw problem("signature_invalid", "The proof is not this key's signature of the text.", {
    errors: [{ pointer: "/proof", code: "signature_mismatch", message: "does not verify", fix }],
  });
}

function signingKeyEvent(action: string, key: SigningKey): Event {
  const { allowed_actions: _, ...payload } = key;
  return { action, target: { type: "signing_key", id: payload.id }, payload };
}

export function tagOf(key: SigningKey): string {
  return etagOf(JSON.stringify(key));
}

export function missingSigningKey(): Problem {
  return problem("not_found", "There is no such signing key.");
}
