import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Restriction } from "@mosis/types/telemetry-restrictions";
import Type from "typebox";
import { AppIdRow, CountRow, IdRow } from "../../shared/rows.ts";

const WholeDeveloper = Type.Object({
  email: Type.String(),
  role: Type.String(),
});

/** Locks the developer until the transaction ends, so that nobody changes it or makes anything for it. */
export function lockWhole(tx: Queryable, id: string) {
  return maybeOne(tx, WholeDeveloper, sql`select email, role from developers where id = ${id} for update`);
}

/** Locks the developer's apps until the transaction ends, so that nobody changes them or their versions. */
export function lockAppsOf(tx: Queryable, developerId: string) {
  return execute(tx, sql`select from apps where developer_id = ${developerId} order by id for update`);
}

/**
 * Counts the published apps once they are locked. It is a statement of its own, so that it sees what the
 * transaction that held the lock has committed.
 */
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

/** Deletes the restrictions of the developer's apps, and those that the developer has made for any app. */
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
 * Returns the oldest account that was not confirmed for so many days, locked as by `lockWhole`; null when
 * there is none, or another process has it. Such an account never published anything, and has no role.
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
