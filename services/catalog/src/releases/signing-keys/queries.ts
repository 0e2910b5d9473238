import { many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { SigningKey } from "@mosis/types/signing-keys";
import Type from "typebox";
import { lockDeveloper } from "../../developers/queries.ts";
import { pageClause, type PageRequest, positionColumn, positioned } from "../../shared/page-position.ts";
import type { PublicKey } from "./public-key.ts";

// Signing keys belong to the developer, not to an app: a key for listed apps sees all of them.

const columns = sql`
  id, name, algorithm, public_key, fingerprint, is_active is true as is_active, revoked_at, revoke_reason,
  created_at, case when is_active then array['revoke'] else array[]::text[] end as allowed_actions`;

/** Returns null when the developer has registered this key before, revoked or not. */
export function insertSigningKey(
  tx: Queryable,
  developerId: string,
  { name, pem, fingerprint }: PublicKey & { name: string },
) {
  return maybeOne(
    tx,
    SigningKey,
    sql`
      insert into signing_keys (developer_id, name, public_key, fingerprint)
      values (${developerId}, ${name}, ${pem}, ${fingerprint})
      on conflict (developer_id, fingerprint) do nothing
      returning ${columns}`,
  );
}

export function findOwnSigningKey(db: Queryable, developerId: string, id: string) {
  return maybeOne(
    db,
    SigningKey,
    sql`select ${columns} from signing_keys where id = ${id} and developer_id = ${developerId}`,
  );
}

const SigningKeyOnPage = Type.Object({ ...SigningKey.properties, ...positioned });

/** Returns one page and the row after it, newest first. */
export function listOwnSigningKeys(db: Queryable, developerId: string, page: PageRequest) {
  return many(
    db,
    SigningKeyOnPage,
    sql`
      select ${columns}, ${positionColumn} from signing_keys
      where developer_id = ${developerId} ${pageClause(page)}`,
  );
}

/** Locks the key until the transaction ends, so that nobody revokes it or verifies with it meanwhile. */
export function lockOwnSigningKey(tx: Queryable, developerId: string, id: string) {
  return maybeOne(
    tx,
    SigningKey,
    sql`
      select ${columns} from signing_keys where id = ${id} and developer_id = ${developerId}
      for no key update`,
  );
}

export function revokeLocked(tx: Queryable, id: string, reason: string) {
  return one(
    tx,
    SigningKey,
    sql`
      update signing_keys set is_active = false, revoked_at = now(), revoke_reason = ${reason}
      where id = ${id}
      returning ${columns}`,
  );
}

const KeyCounts = Type.Object({ all: Type.Integer(), active: Type.Integer() });

/**
 * Returns the number of a developer's keys. The lock stops others from counting for the same developer until
 * the commit.
 */
export async function countLocked(tx: Queryable, developerId: string) {
  // This is a statement of its own: the next one then sees what the transaction that held the lock has
  // committed.
  await lockDeveloper(tx, developerId);
  return one(
    tx,
    KeyCounts,
    sql`
      select count(*) as all, count(*) filter (where is_active) as active
      from signing_keys where developer_id = ${developerId}`,
  );
}

const SharedSigningKey = Type.Pick(SigningKey, ["id", "public_key", "is_active"]);

/** Returns the key with that fingerprint, and locks it so that it is not revoked before the commit. */
export function shareOwnSigningKey(tx: Queryable, developerId: string, fingerprint: string) {
  return maybeOne(
    tx,
    SharedSigningKey,
    sql`
      select id, public_key, is_active is true as is_active from signing_keys
      where developer_id = ${developerId} and fingerprint = ${fingerprint}
      for share`,
  );
}
