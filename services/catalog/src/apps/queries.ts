import { many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { App, AppState, type NewApp } from "@mosis/types/apps";
import { Uuid } from "@mosis/types/formats";
import Type from "typebox";
import { pageClause, type PageRequest, positionColumn, positioned } from "../page-position.ts";
import type { Owner, Reach } from "../principal.ts";

const appColumns = sql`id, package_id, name, description, category, tags, status, created_at, updated_at`;

/** Returns null when the package id is taken, by anyone: ids are global and never reused. */
export function insertApp(db: Queryable, developerId: string, app: NewApp) {
  const { description = null, category = null, tags = [] } = app;
  return maybeOne(
    db,
    App,
    sql`
      insert into apps (developer_id, package_id, name, description, category, tags)
      values (${developerId}, ${app.package_id}, ${app.name}, ${description}, ${category}, ${tags})
      on conflict (package_id) do nothing
      returning ${appColumns}`,
  );
}

/** What telemetry has to know of an app, as it is in the transaction: all of it, whatever has changed. */
export function readAppState(tx: Queryable, id: string) {
  return one(
    tx,
    WholeAppState,
    sql`
      select id as app_id, developer_id, package_id, name, status, updated_at, telemetry_events_per_day,
             telemetry_events_per_second, telemetry_days
      from apps where id = ${id}`,
  );
}

const WholeAppState = Type.Required(AppState);

export function findOwnApp(db: Queryable, owner: Owner, packageId: string) {
  return maybeOne(
    db,
    App,
    sql`select ${appColumns} from apps where package_id = ${packageId} and ${ownedBy(owner)}`,
  );
}

/** One page and the row behind it, from new to old. */
export function listOwnApps(db: Queryable, owner: Owner, page: PageRequest) {
  return many(
    db,
    Type.Object({ ...App.properties, ...positioned }),
    sql`select ${appColumns}, ${positionColumn} from apps where ${ownedBy(owner)} ${pageClause(page)}`,
  );
}

/**
 * Those of the package ids that are the owner's. Locked, so that none is deleted before a key refers to it.
 */
export function lockOwnAppIds(db: Queryable, owner: Owner, packageIds: string[]) {
  return many(
    db,
    Type.Object({ id: Uuid, package_id: Type.String() }),
    sql`
      select id, package_id from apps
      where package_id = any(${packageIds}) and ${ownedBy(owner)}
      order by id
      for key share`,
  );
}

/** An app and whose it is; null when there is none within reach. */
export function findAppDeveloper(db: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    db,
    Type.Object({ id: Uuid, developer_id: Uuid }),
    sql`select id, developer_id from apps where package_id = ${packageId} and ${within(reach)}`,
  );
}

/** The condition on apps that somebody may reach. */
export function within(reach: Reach): Sql {
  return reach ? ownedBy(reach) : sql`true`;
}

function ownedBy({ developerId, appIds }: Owner): Sql {
  return sql`developer_id = ${developerId} and (${appIds}::uuid[] is null or id = any(${appIds}::uuid[]))`;
}
