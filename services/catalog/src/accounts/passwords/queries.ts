import { maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Developer } from "@mosis/types/developers";
import {
  developerColumns,
  type HashedPassword,
  isPassword,
  lockDeveloper,
} from "../../developers/queries.ts";

/** Returns null when the password is no longer the one that was confirmed. */
export async function updatePassword(tx: Queryable, confirmed: HashedPassword, passwordHash: string) {
  const { id } = confirmed;
  await lockDeveloper(tx, id);
  if (!(await isPassword(tx, confirmed))) return null;
  return maybeOne(
    tx,
    Developer,
    sql`
      update developers set password_hash = ${passwordHash}, updated_at = now() where id = ${id}
      returning ${developerColumns}`,
  );
}

/** Sets the password after a reset mail, and confirms the address that it was sent to. */
export function resetPassword(tx: Queryable, id: string, passwordHash: string) {
  return maybeOne(
    tx,
    Developer,
    sql`
      update developers set password_hash = ${passwordHash}, verified = true, updated_at = now()
      where id = ${id}
      returning ${developerColumns}`,
  );
}

/**
 * Returns null when the account is linked to no provider. The account must have, or be getting, a password.
 */
export function unlinkProvider(tx: Queryable, id: string) {
  return maybeOne(
    tx,
    Developer,
    sql`
      update developers set oauth_provider = null, oauth_id = null, updated_at = now()
      where id = ${id} and oauth_provider is not null
      returning ${developerColumns}`,
  );
}
