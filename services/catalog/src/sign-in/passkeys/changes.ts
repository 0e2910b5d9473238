import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { NewPasskey, PasskeyCreationOptions, PasskeyEnrolled } from "@mosis/types/passkeys";
import { credentialsInvalid } from "../../access/authenticate.ts";
import { requireVerified } from "../../developers/verified.ts";
import { appendAll, appendOutbox, type Change } from "../../changes/outbox/append.ts";
import type { By } from "../../changes/outbox/events.ts";
import type { Principal } from "../../access/principal.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { afterEnrolment, afterRemoval, lockFactors } from "../second-factors/enrol.ts";
import type { Ceremonies } from "./ceremonies.ts";
import {
  deletePasskey,
  insertChallenge,
  insertPasskey,
  listDescriptors,
  passkeysMax,
  takeChallenges,
} from "./queries.ts";

/** @throws Problem `state_conflict` (409) where no page may use passkeys. */
export function requirePasskeys(ceremonies: Ceremonies | null): Ceremonies {
  if (ceremonies) return ceremonies;
  throw problem("state_conflict", "Passkeys are not set up here: use an authenticator app.");
}

/** A challenge for a passkey, in the place of those that this session was given before. */
export async function begin(
  tx: Queryable,
  { developerId, actor }: Principal,
  ceremonies: Ceremonies,
): Promise<PasskeyCreationOptions["public_key"]> {
  // Whoever registers an address of somebody else must not lock its owner out.
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
  by: By,
  made: { asked: NewPasskey; credentialId: string; publicKey: Buffer; signCount: number; backedUp: boolean },
): Promise<PasskeyEnrolled> {
  const { asked, ...credential } = made;
  const { developerId } = by;
  const { developer, factors: before } = await lockFactors(tx, developerId);
  if (before.passkeys >= passkeysMax) throw tooMany();
  const passkey = await insertPasskey(tx, {
    ...{ id: newId(), developerId, name: asked.name, ...credential },
    transports: asked.credential.response.transports ?? [],
  });
  if (!passkey) throw problem("state_conflict", "The passkey is registered already: sign in with it.");
  const enrolled = await afterEnrolment(tx, { by, factor: "passkey", developer, before });
  await appendAll(tx, [...enrolled.changes, passkeyChange(by, "passkey.created", passkey)]);
  return { ...passkey, recovery_codes: enrolled.recovery_codes };
}

/** False when the developer has no such passkey. */
export async function remove(tx: Queryable, by: By, id: string): Promise<boolean> {
  const { developer } = await lockFactors(tx, by.developerId);
  if (!(await deletePasskey(tx, by.developerId, id))) return false;
  await afterRemoval(tx, { by, developer });
  await appendOutbox(tx, passkeyChange(by, "passkey.deleted", { id }));
  return true;
}

export function passkeyChange(by: By, action: string, passkey: { id: string }): Change {
  return { ...by, action, target: { type: "passkey", id: passkey.id }, payload: { ...passkey } };
}

function tooMany() {
  return problem("state_conflict", `You have ${passkeysMax} passkeys, which is the most: remove one first.`);
}
