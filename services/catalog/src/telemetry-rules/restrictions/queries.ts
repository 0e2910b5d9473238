import { many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { type NewRestriction, Restriction } from "@mosis/types/telemetry-restrictions";
import Type from "typebox";
import { lockDeveloper } from "../../developers/queries.ts";
import { pageClause, type PageRequest, positionColumn, positioned } from "../../shared/page-position.ts";
import type { Reach } from "../../access/principal.ts";
import { CountRow } from "../../shared/rows.ts";

const columns = sql`
  id, developer_id, app_id, key_id, event_name, action, rate, reason, created_by, created_at, expires_at,
  (select package_id from apps where apps.id = app_id) as package_id`;

/** The ids of the developer, app and key that a restriction applies to; null for any. */
export interface Scope {
  developerId: string | null;
  appId: string | null;
  keyId: string | null;
}

export interface NewRestrictionRow extends Scope {
  createdBy: string;
  expiresAt: string | null;
}

export function insertRestriction(tx: Queryable, row: NewRestrictionRow, asked: NewRestriction) {
  const { event_name = null, action, rate = null, reason } = asked;
  return one(
    tx,
    Restriction,
    sql`
      insert into telemetry_restrictions
        (developer_id, app_id, key_id, event_name, action, rate, reason, created_by, expires_at)
      values (${row.developerId}, ${row.appId}, ${row.keyId}, ${event_name}, ${action}, ${rate}, ${reason},
              ${row.createdBy}, ${row.expiresAt}::timestamptz)
      returning ${columns}`,
  );
}

export function findRestriction(db: Queryable, reach: Reach, id: string) {
  return maybeOne(
    db,
    Restriction,
    sql`select ${columns} from telemetry_restrictions where id = ${id} and ${seenBy(reach)}`,
  );
}

const RestrictionOnPage = Type.Object({ ...Restriction.properties, ...positioned });

/** Returns one page and the row after it, from new to old. */
export function listRestrictions(db: Queryable, reach: Reach, page: PageRequest) {
  return many(
    db,
    RestrictionOnPage,
    sql`
      select ${columns}, ${positionColumn} from telemetry_restrictions
      where ${seenBy(reach)} ${pageClause(page)}`,
  );
}

/** Deletes a restriction and returns it; null when there is none, or another caller was faster. */
export function deleteRestriction(tx: Queryable, reach: Reach, id: string) {
  return maybeOne(
    tx,
    Restriction,
    sql`delete from telemetry_restrictions where id = ${id} and ${seenBy(reach)} returning ${columns}`,
  );
}

/** Deletes a creator's restrictions that have ended, to make room. Returns the deleted rows. */
export function deleteEnded(tx: Queryable, createdBy: string) {
  return many(
    tx,
    Restriction,
    sql`
      delete from telemetry_restrictions where created_by = ${createdBy} and expires_at <= now()
      returning ${columns}`,
  );
}

/** Deletes the restrictions of an app that is being deleted. Returns the deleted rows. */
export function deleteRestrictionsOfApp(tx: Queryable, developerId: string, appId: string) {
  return many(
    tx,
    Restriction,
    sql`
      delete from telemetry_restrictions where developer_id = ${developerId} and app_id = ${appId}
      returning ${columns}`,
  );
}

/** Locks the creator until the commit, and counts its restrictions, so that concurrent creations wait. */
export async function countLocked(tx: Queryable, createdBy: string): Promise<number> {
  // A separate statement locks, so that the next one counts what this one has waited for.
  await lockDeveloper(tx, createdBy);
  const { count } = await one(
    tx,
    CountRow,
    sql`select count(*) as count from telemetry_restrictions where created_by = ${createdBy}`,
  );
  return count;
}

/** The condition of rows that a caller sees. A key for listed apps sees only restrictions of these apps. */
function seenBy(reach: Reach): Sql {
  if (!reach) return sql`true`;
  const { developerId, appIds } = reach;
  return sql`
    developer_id = ${developerId}
    and ${appIds === null ? sql`true` : sql`app_id = any(${appIds}::uuid[])`}`;
}
