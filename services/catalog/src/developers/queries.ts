import { maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Developer, type Role } from "@mosis/types/developers";
import { Nullable, Uuid } from "@mosis/types/formats";
import Type from "typebox";
import { IdRow } from "../rows.ts";

export const developerColumns = sql`id, email, name, role, verified, oauth_provider, created_at`;

const Credentials = Type.Object({ id: Uuid, password_hash: Nullable(Type.String()) });

/** Null when the address is taken, in any case of its letters. */
export function insertDeveloper(
  db: Queryable,
  developer: { email: string; name: string; passwordHash: string },
) {
  return maybeOne(
    db,
    Developer,
    sql`
      insert into developers (email, name, password_hash)
      values (${developer.email}, ${developer.name}, ${developer.passwordHash})
      on conflict do nothing
      returning ${developerColumns}`,
  );
}

/** The developer of somebody who is signed in; null when the account has just been deleted. */
export function findDeveloper(db: Queryable, id: string) {
  return maybeOne(db, Developer, sql`select ${developerColumns} from developers where id = ${id}`);
}

/** The developer, until the end of the transaction nobody else's to change; null as in `findDeveloper`. */
export function lockDeveloper(tx: Queryable, id: string) {
  return maybeOne(
    tx,
    Developer,
    sql`select ${developerColumns} from developers where id = ${id} for no key update`,
  );
}

export function updateName(tx: Queryable, id: string, name: string) {
  return one(
    tx,
    Developer,
    sql`
      update developers set name = ${name}, updated_at = now() where id = ${id}
      returning ${developerColumns}`,
  );
}

/** Null when there is no such account, or its role is that already. */
export function updateRole(db: Queryable, email: string, role: Role) {
  return maybeOne(
    db,
    Developer,
    sql`
      update developers set role = ${role}
      where lower(email) = lower(${email}) and role <> ${role}
      returning ${developerColumns}`,
  );
}

export function findCredentials(db: Queryable, email: string) {
  return maybeOne(
    db,
    Credentials,
    sql`select id, password_hash from credentials where lower(email) = lower(${email})`,
  );
}

const OwnCredentials = Type.Object({ ...Credentials.properties, email: Type.String() });

export function findOwnCredentials(db: Queryable, id: string) {
  return maybeOne(db, OwnCredentials, sql`select id, email, password_hash from developers where id = ${id}`);
}

/** Whether the password is still that one; then it stays so until the end of the transaction. */
export async function lockPassword(
  tx: Queryable,
  { id, password_hash }: { id: string; password_hash: string | null },
): Promise<boolean> {
  const found = await maybeOne(
    tx,
    IdRow,
    sql`
      select id from developers where id = ${id} and password_hash is not distinct from ${password_hash}
      for share`,
  );
  return found !== null;
}
