import { execute, many, maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { Passkey } from "@mosis/types/passkeys";
import Type, { type Static } from "typebox";
import { IdRow } from "../../shared/rows.ts";

/**
 * The maximum of passkeys of a developer.
 * @limit passkeys of a developer
 */
export const passkeysMax = 20;
/**
 * The time for which a challenge for a passkey is accepted, which is also the time that a browser waits for
 * its user.
 * @limit a challenge for a passkey
 */
export const challengeMinutes = 5;

const passkeyColumns = sql`id, name, backed_up, created_at, last_used_at`;

/** Returns false when the session has ended meanwhile. */
export async function insertChallenge(
  tx: Queryable,
  { hash, sessionId, developerId }: { hash: string; sessionId: string; developerId: string },
): Promise<boolean> {
  const inserted = await execute(
    tx,
    // The lock waits for a concurrent transaction that ends the session.
    sql`
      insert into passkey_challenges (challenge_hash, session_id, developer_id, expires_at)
      select ${hash}, id, developer_id, now() + make_interval(mins => ${challengeMinutes}::int)
      from sessions where id = ${sessionId} and developer_id = ${developerId}
      for key share`,
  );
  return inserted === 1;
}

const Challenge = Type.Object({ challenge_hash: Type.String(), is_alive: Type.Boolean() });

/** Uses up every challenge of the session. Returns those that have not expired. */
export async function takeChallenges(db: Queryable, sessionId: string): Promise<string[]> {
  const rows = await many(
    db,
    Challenge,
    sql`
      delete from passkey_challenges where session_id = ${sessionId}
      returning challenge_hash, expires_at > now() as is_alive`,
  );
  return rows.filter(({ is_alive }) => is_alive).map(({ challenge_hash }) => challenge_hash);
}

export function deleteEndedChallenges(db: Queryable) {
  return execute(db, sql`delete from passkey_challenges where expires_at <= now()`);
}

/** Returns null when the credential is registered already, by any account. */
export function insertPasskey(
  tx: Queryable,
  passkey: {
    id: string;
    developerId: string;
    credentialId: string;
    publicKey: Buffer;
    signCount: number;
    transports: string[];
    backedUp: boolean;
    name: string;
  },
) {
  const { id, developerId, credentialId, publicKey, signCount, transports, backedUp, name } = passkey;
  return maybeOne(
    tx,
    Passkey,
    sql`
      insert into passkeys (id, developer_id, credential_id, public_key, sign_count, transports, backed_up,
                            name)
      values (${id}, ${developerId}, ${credentialId}, ${publicKey}, ${signCount}, ${transports}::varchar[],
              ${backedUp}, ${name})
      on conflict (credential_id) do nothing
      returning ${passkeyColumns}`,
  );
}

/** Returns all passkeys, oldest first. */
export function listOwnPasskeys(db: Queryable, developerId: string) {
  return many(
    db,
    Passkey,
    sql`
      select ${passkeyColumns} from passkeys where developer_id = ${developerId} order by created_at, id`,
  );
}

const Descriptor = Type.Object({ credential_id: Type.String(), transports: Type.Array(Type.String()) });
export type Descriptor = Static<typeof Descriptor>;

/** Returns the descriptors by which a browser finds the developer's authenticators. */
export function listDescriptors(db: Queryable, developerId: string) {
  return many(
    db,
    Descriptor,
    sql`
      select credential_id, transports from passkeys where developer_id = ${developerId}
      order by created_at, id`,
  );
}

export function updatePasskeyName(
  tx: Queryable,
  developerId: string,
  { id, name }: Record<"id" | "name", string>,
) {
  return maybeOne(
    tx,
    Passkey,
    sql`
      update passkeys set name = ${name} where id = ${id} and developer_id = ${developerId}
      returning ${passkeyColumns}`,
  );
}

export function deletePasskey(tx: Queryable, developerId: string, id: string) {
  return maybeOne(
    tx,
    IdRow,
    sql`delete from passkeys where id = ${id} and developer_id = ${developerId} returning id`,
  );
}

const Owner = Type.Object({ developer_id: Uuid });

/**
 * Returns the owner of a credential.
 * @param db for everybody, because the credential says whose account it is.
 */
export function findPasskeyOwner(db: Queryable, credentialId: string) {
  return maybeOne(db, Owner, sql`select developer_id from passkeys where credential_id = ${credentialId}`);
}

const Credential = Type.Object({
  id: Uuid,
  developer_id: Uuid,
  credential_id: Type.String(),
  public_key: Type.Unsafe<Buffer>({}),
  sign_count: Type.Integer(),
});
export type Credential = Static<typeof Credential>;

export function findPasskey(tx: Queryable, developerId: string, credentialId: string) {
  return maybeOne(
    tx,
    Credential,
    sql`
      select id, developer_id, credential_id, public_key, sign_count::float8 as sign_count from passkeys
      where credential_id = ${credentialId} and developer_id = ${developerId}`,
  );
}

/**
 * Records a use. Returns false when the count has not grown since the last use: an authenticator that counts
 * has been copied. Authenticators that do not count report 0.
 */
export async function usePasskey(
  tx: Queryable,
  { id, signCount, backedUp }: { id: string; signCount: number; backedUp: boolean },
): Promise<boolean> {
  const statement = sql`
    update passkeys set sign_count = ${signCount}, backed_up = ${backedUp}, last_used_at = now()
    where id = ${id} and (sign_count < ${signCount} or (sign_count = 0 and ${signCount} = 0))`;
  return (await execute(tx, statement)) > 0;
}
