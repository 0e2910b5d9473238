import { type Problem, problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { NewPasskey, PasskeyCreationOptions, PasskeyEnrolled } from "@mosis/types/passkeys";
import { credentialsInvalid } from "../../access/authenticate.ts";
import { requireVerified } from "../../developers/verified.ts";
import type { Call } from "../../access/call.ts";
import { authorOf, type Event, record } from "../../changes/outbox/record.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { afterEnrolment, afterRemoval, lockFactors } from "../second-factors/changes.ts";
import type { Ceremonies } from "./ceremonies.ts";
import {
  deletePasskey,
  insertChallenge,
  insertPasskey,
  listDescriptors,
  passkeysMax,
  takeChallenges,
  updatePasskeyName,
} from "./queries.ts";

/**
 * Requires that passkeys are set up.
 * @throws Problem `state_conflict` (409) where no page may use passkeys.
 */
export function requirePasskeys(ceremonies: Ceremonies | null): Ceremonies {
  if (ceremonies) return ceremonies;
  throw problem("state_conflict", "Passkeys are not set up here: use an authenticator app.");
}

/** Inserts a challenge for a passkey, which replaces the earlier ones of this session. */
export async function begin(
  tx: Queryable,
  { principal: { developerId, actor } }: Call,
  ceremonies: Ceremonies,
): Promise<PasskeyCreationOptions["public_key"]> {
  // An account registered with somebody else's address must not lock the owner of the address out.
  await requireVerified(tx, developerId);
  const { developer, factors } = await lockFactors(tx, developerId);
  if (factors.passkeys >= passkeysMax) throw tooMany();
  const options = await ceremonies.creationOptions(developer, await listDescriptors(tx, developerId));
  await takeChallenges(tx, actor.id);
  const challenge = { hash: hashSecret(options.challenge), sessionId: actor.id, developerId };
  if (!(await insertChallenge(tx, challenge))) throw credentialsInvalid();
  return options;
}

export async function register(
  tx: Queryable,
  call: Call,
  made: { asked: NewPasskey; credentialId: string; publicKey: Buffer; signCount: number; backedUp: boolean },
): Promise<PasskeyEnrolled> {
  const { asked, ...credential } = made;
  const { developerId } = call.principal;
  const { developer, factors: before } = await lockFactors(tx, developerId);
  if (before.passkeys >= passkeysMax) throw tooMany();
  const passkey = await insertPasskey(tx, {
    id: newId(),
    developerId,
    name: asked.name,
    ...credential,
    transports: asked.credential.response.transports ?? [],
  });
  if (!passkey) throw problem("state_conflict", "The passkey is already registered: sign in with it.");
  const enrolled = await afterEnrolment(tx, call, { factor: "passkey", developer, before });
  await record(tx, authorOf(call), ...enrolled.events, passkeyEvent("passkey.created", passkey));
  return { ...passkey, recovery_codes: enrolled.recovery_codes };
}

export async function rename(tx: Queryable, call: Call, passkey: { id: string; name: string }) {
  const renamed = await updatePasskeyName(tx, call.principal.developerId, passkey);
  if (!renamed) throw missingPasskey();
  await record(tx, authorOf(call), passkeyEvent("passkey.changed", renamed));
  return renamed;
}

export async function remove(tx: Queryable, call: Call, id: string): Promise<void> {
  const { developerId } = call.principal;
  const { developer } = await lockFactors(tx, developerId);
  if (!(await deletePasskey(tx, developerId, id))) throw missingPasskey();
  await afterRemoval(tx, call, developer);
  await record(tx, authorOf(call), passkeyEvent("passkey.deleted", { id }));
}

function passkeyEvent(action: string, passkey: { id: string }): Event {
  return { action, target: { type: "passkey", id: passkey.id }, payload: { ...passkey } };
}

export function missingPasskey(): Problem {
  return problem("not_found", "There is no such passkey.");
}

function tooMany() {
  return problem(
    "state_conflict",
    `You have ${passkeysMax} passkeys, which is the maximum: remove one first.`,
  );
}
