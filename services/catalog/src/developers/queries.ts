import { execute, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Developer, type Role } from "@mosis/types/developers";
import { Nullable, Uuid } from "@mosis/types/formats";
import Type from "typebox";
import { canonicalEmail } from "./canonical-email.ts";

export const developerColumns = sql`id, email, name, role, verified, oauth_provider, created_at`;

/** `password_settings` are algorithm, cost and salt of the hash; null for an account without a password. */
const Account = Type.Object({ id: Uuid, password_settings: Nullable(Type.String()) });

/** Returns null when the address is taken, in any letter case. */
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

/** Returns a developer who is signed in; null when the account has just been deleted. */
export function findDeveloper(db: Queryable, id: string) {
  return maybeOne(db, Developer, sql`select ${developerColumns} from developers where id = ${id}`);
}

/** Locks the developer until the transaction ends; returns null as `findDeveloper` does. */
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

/** Returns null when there is no such account, or it has that role already. */
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
 * Returns the account of an address, in any letter case and in any spelling of its canonical form; null when
 * there is none. The address is looked up as it was typed first: old accounts have addresses in other forms.
 * @param db must not be limited to one developer.
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

/** The number of newest apps whose words are read: a password is searched for each word in turn. */
const wordyAppsMax = 50;

const AppWords = Type.Object({ words: Type.Array(Type.String()) });

/** Returns package ids and names of a developer's apps: the words that somebody who knows them would try. */
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

/** The developer's id and the hash to compare; the hash is null for an account without a password. */
export interface HashedPassword {
  id: string;
  passwordHash: string | null;
}

const RightRow = Type.Object({ is_right: Type.Boolean() });

/** Returns true when that is the password. The database compares, so that no hash leaves it. */
export async function isPassword(db: Queryable, { id, passwordHash }: HashedPassword): Promise<boolean> {
  const { is_right } = await one(db, RightRow, sql`select is_password(${id}, ${passwordHash}) as is_right`);
  return is_right;
}

/** Returns true when that is still the password. It cannot change until the transaction ends. */
export async function lockPassword(tx: Queryable, password: HashedPassword): Promise<boolean> {
  // A separate statement locks, so that the next one compares with what this one has waited for.
  await execute(tx, sql`select from developers where id = ${password.id} for share`);
  return isPassword(tx, password);
}
