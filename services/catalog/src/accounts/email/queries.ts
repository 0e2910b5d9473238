import { maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Developer } from "@mosis/types/developers";
import { developerColumns } from "../../developers/queries.ts";

/** Returns null when the developer has another address now, or is verified already. */
export function updateVerified(tx: Queryable, id: string, email: string) {
  return maybeOne(
    tx,
    Developer,
    sql`
      update developers set verified = true, updated_at = now()
      where id = ${id} and email = ${email} and not coalesce(verified, false)
      returning ${developerColumns}`,
  );
}

/**
 * Changes the address.
 * @throws Error of the index `developers_lower_email` when the address is taken.
 */
export function updateEmail(tx: Queryable, id: string, email: string) {
  return maybeOne(
    tx,
    Developer,
    sql`
      update developers set email = ${email}, verified = true, updated_at = now() where id = ${id}
      returning ${developerColumns}`,
  );
}
