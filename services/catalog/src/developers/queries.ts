import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Developer, type Role } from "@mosis/types/developers";
import { Nullable, Uuid } from "@mosis/types/formats";
import Type from "typebox";
import { canonicalEmail } from "./canonical-email.ts";

export const developerColumns = sql`id, email, name, role, verified, oauth_provider, created_at`;

/** How its password was hashed: algorithm, cost and salt. Null for an account without a password. */
const Account = Type.Object({ id: Uuid, password_settings: Nullable(Type.String()) });

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

/**
 * @param db for everybody. Null when nobody has the address, in any case of its letters and in any spelling
 * of its canonical form. As it was typed first: accounts from before have addresses in other forms.
 */
export async function findAccount(db: Queryable, email: string) {
  const canonical = canonicalEmail(email);
  const typed = await findByAddress(db, email);
  return typed ?? (canonical === null || canonical === email ? null : findByAddress(db, canonical));
}

function findByAddress(db: Queryable, email: string) {
  return maybeOne(
    db,
    Account,
    sql`select id, password_settings(id) as password_settings from developer_of(${email})`,
  );
}

const OwnAccount = Type.Object({ ...Account.properties, email: Type.String() });

export function findOwnAccount(db: Queryable, id: string) {
  return maybeOne(
    db,
    OwnAccount,
    sql`select id, email, password_settings(id) as password_settings from developers where id = ${id}`,
  );
}

/** Of each account, the newest: the words are looked for in a password one by one. */
const wordyAppsMax = 50;

const AppWords = Type.Object({ words: Type.Array(Type.String()) });

/** Package ids and names of a developer's apps: what somebody who knows them would try. */
export async function readAppWords(db: Queryable, id: string): Promise<string[]> {
  const { words } = await one(
    db,
    AppWords,
    sql`
      select array(
        select unnest(array[package_id, name])
        from (select package_id, name from apps where developer_id = ${id}
              order by created_at desc limit ${wordyAppsMax}) newest) as words`,
  );
  return words;
}

/** Whose password it is, as it was hashed; null for that of an account that has none. */
export interface HashedPassword {
  id: string;
  passwordHash: string | null;
}

const RightRow = Type.Object({ is_right: Type.Boolean() });

/** Returns true when that is the password. The database compares: no hash leaves it. */
export async function isPassword(db: Queryable, { id, passwordHash }: HashedPassword): Promise<boolean> {
  const { is_right } = await one(db, RightRow, sql`select is_password(${id}, ${passwordHash}) as is_right`);
  return is_right;
}

/** Returns true when that is still the password; it stays so until the transaction ends. */
export async function lockPassword(tx: Queryable, password: HashedPassword): Promise<boolean> {
  // A statement of its own: what it waits for is committed before the next one compares.
  await execute(tx, sql`select from developers where id = ${password.id} for share`);
  return isPassword(tx, password);
}
