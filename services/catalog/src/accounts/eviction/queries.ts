import { maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Developer } from "@mosis/types/developers";
import { developerColumns } from "../../developers/queries.ts";

/** Null when the account is linked to no provider. For an account that has, or gets, a password. */
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
