import { execute, maybeOne, type Queryable, sql } from "@mosis/postgres";
import { Developer } from "@mosis/types/developers";
import Type from "typebox";
import { developerColumns } from "../../developers/queries.ts";
import type { Identity } from "./providers.ts";
import { IdRow } from "../../shared/rows.ts";

const flowMinutes = 10;

export function insertFlow(
  db: Queryable,
  flow: { tokenHash: string; provider: string; redirectUri: string; developerId: string | null },
) {
  return execute(
    db,
    sql`
      insert into oauth_flows (token_hash, provider, redirect_uri, developer_id, expires_at)
      values (${flow.tokenHash}, ${flow.provider}, ${flow.redirectUri}, ${flow.developerId},
              now() + make_interval(mins => ${flowMinutes}::int))`,
  );
}

const Flow = Type.Object({ redirect_uri: Type.String() });

/**
 * Uses up the flow. Returns null when it is unknown, was used or is over, or belongs to another provider or
 * developer.
 */
export function deleteFlow(
  db: Queryable,
  flow: { tokenHash: string; provider: string; developerId: string | null },
) {
  return maybeOne(
    db,
    Flow,
    sql`
      select redirect_uri from use_oauth_flow(${flow.tokenHash}, ${flow.provider}, ${flow.developerId})`,
  );
}

/** Deletes the unfinished flows to link an account. */
export function deleteFlowsOf(tx: Queryable, developerId: string) {
  return execute(tx, sql`delete from oauth_flows where developer_id = ${developerId}`);
}

export function deleteEndedFlows(db: Queryable) {
  return execute(db, sql`delete from oauth_flows where expires_at <= now()`);
}

/**
 * Returns and locks the account of an identity, so that nobody unlinks or deletes it before the transaction
 * ends.
 */
export function lockLinked(tx: Queryable, { provider, subject }: Identity) {
  return maybeOne(
    tx,
    IdRow,
    sql`
      select id from developers where oauth_provider = ${provider} and oauth_id = ${subject}
      for share`,
  );
}

/** Returns null when another account has the address, or signs in with that provider already. */
export function insertLinkedDeveloper(
  tx: Queryable,
  { provider, subject }: Identity,
  { email, name }: { email: string; name: string },
) {
  return maybeOne(
    tx,
    Developer,
    sql`
      insert into developers (email, name, oauth_provider, oauth_id, verified)
      values (${email}, ${name}, ${provider}, ${subject}, true)
      on conflict do nothing
      returning ${developerColumns}`,
  );
}

/**
 * Returns null when the account has a provider already.
 * @throws Error of the index `developers_oauth` when another account has this identity.
 */
export function link(tx: Queryable, id: string, { provider, subject }: Identity) {
  return maybeOne(
    tx,
    Developer,
    sql`
      update developers set oauth_provider = ${provider}, oauth_id = ${subject}, updated_at = now()
      where id = ${id} and oauth_provider is null
      returning ${developerColumns}`,
  );
}

/** Returns null when there is no password to sign in with instead. */
export function unlink(tx: Queryable, id: string) {
  return maybeOne(
    tx,
    Developer,
    sql`
      update developers set oauth_provider = null, oauth_id = null, updated_at = now()
      where id = ${id} and password_settings(id) is not null
      returning ${developerColumns}`,
  );
}
