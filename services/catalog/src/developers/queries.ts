import { maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Developer, type Role } from "@mosis/types/developers";
import { Uuid } from "@mosis/types/formats";
import Type from "typebox";

const developerColumns = sql`id, email, name, role, verified, created_at`;

const Credentials = Type.Object({ id: Uuid, password_hash: Type.Union([Type.String(), Type.Null()]) });

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

/** The developer of somebody who is signed in, so it is there. */
export function findDeveloper(db: Queryable, id: string) {
  return one(db, Developer, sql`select ${developerColumns} from developers where id = ${id}`);
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
