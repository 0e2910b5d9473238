import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Restriction } from "@mosis/types/telemetry-restrictions";
import Type from "typebox";
import { AppIdRow, CountRow, IdRow } from "../../shared/rows.ts";

const WholeDeveloper = Type.Object({
  email: Type.String(),
  role: Type.String(),
});

/** The developer, until the end of the transaction nobody's to change, or to make anything for. */
export function lockWhole(tx: Queryable, id: string) {
  return maybeOne(tx, WholeDeveloper, sql`select email, role from developers where id = ${id} for update`);
}

/** The developer's apps, until the end of the transaction nobody's to change, or any version of them. */
export function lockAppsOf(tx: Queryable, developerId: string) {
  return execute(tx, sql`select from apps where developer_id = ${developerId} order by id for update`);
}

/** Of apps that are locked, by a statement of its own: it sees what was waited for. */
export function countPublishedApps(tx: Queryable, developerId: string) {
  return one(
    tx,
    CountRow,
    sql`
      select count(*)::int as count from apps where developer_id = ${developerId} and status = 'published'`,
  );
}

export function deleteAppsOf(tx: Queryable, developerId: string) {
  return many(
    tx,
    AppIdRow,
    sql`delete from apps where developer_id = ${developerId} returning id, package_id`,
  );
}

/** Those of their apps, and those that they have made, also for others. */
export function deleteRestrictionsOf(tx: Queryable, developerId: string) {
  return many(
    tx,
    Restriction,
    sql`
      delete from telemetry_restrictions where ${developerId} in (developer_id, created_by)
      returning id, developer_id, app_id, null as package_id, key_id, event_name, action, rate, reason,
                created_by, created_at, expires_at`,
  );
}

export function deleteDeveloper(tx: Queryable, id: string) {
  return one(tx, IdRow, sql`delete from developers where id = ${id} returning id`);
}

const UnconfirmedAccount = Type.Object({ ...IdRow.properties, email: Type.String() });

/**
 * The oldest account that was not confirmed for so many days, locked like by `lockWhole`; null when there is
 * none, or another process has it. Nothing of such an account was ever published, and it has no role.
 */
export function lockUnconfirmed(tx: Queryable, days: number) {
  return maybeOne(
    tx,
    UnconfirmedAccount,
    sql`
      select id, email from developers
      where verified is not true and created_at < now() - make_interval(days => ${days}::int)
        and role = 'developer'
        and not exists (select from apps where developer_id = developers.id
                        and (status <> 'draft' or published_code_max is not null))
      order by created_at
      limit 1
      for update skip locked`,
  );
}
