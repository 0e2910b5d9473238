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

/** What a restriction holds for, resolved. */
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

/** One page and the row behind it, from new to old. */
export function listRestrictions(db: Queryable, reach: Reach, page: PageRequest) {
  return many(
    db,
    RestrictionOnPage,
    sql`
      select ${columns}, ${positionColumn} from telemetry_restrictions
      where ${seenBy(reach)} ${pageClause(page)}`,
  );
}

/** The restriction as it was, or null. Of two who lift it at once, one gets it. */
export function deleteRestriction(tx: Queryable, reach: Reach, id: string) {
  return maybeOne(
    tx,
    Restriction,
    sql`delete from telemetry_restrictions where id = ${id} and ${seenBy(reach)} returning ${columns}`,
  );
}

/** Those of a creator that have ended, so that they make room. Gives them as they were. */
export function deleteEnded(tx: Queryable, createdBy: string) {
  return many(
    tx,
    Restriction,
    sql`
      delete from telemetry_restrictions where created_by = ${createdBy} and expires_at <= now()
      returning ${columns}`,
  );
}

/** Those of an app that is being deleted. Gives them as they were. */
export function deleteRestrictionsOfApp(tx: Queryable, developerId: string, appId: string) {
  return many(
    tx,
    Restriction,
    sql`
      delete from telemetry_restrictions where developer_id = ${developerId} and app_id = ${appId}
      returning ${columns}`,
  );
}

/** How many a creator has. Locked with it: nobody else counts for the same creator until the commit. */
export async function countLocked(tx: Queryable, createdBy: string): Promise<number> {
  // A statement of its own: what it waits for is committed before the next one looks.
  await lockDeveloper(tx, createdBy);
  const { count } = await one(
    tx,
    CountRow,
    sql`select count(*) as count from telemetry_restrictions where created_by = ${createdBy}`,
  );
  return count;
}

/** A key that serves listed apps alone sees what is said of those apps. */
function seenBy(reach: Reach): Sql {
  if (!reach) return sql`true`;
  const { developerId, appIds } = reach;
  return sql`
    developer_id = ${developerId}
    and ${appIds === null ? sql`true` : sql`app_id = any(${appIds}::uuid[])`}`;
}
