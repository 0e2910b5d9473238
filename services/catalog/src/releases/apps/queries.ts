import { execute, many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { App, type NewApp } from "@mosis/types/apps";
import { Nullable, Timestamp, Uuid } from "@mosis/types/formats";
import Type, { type Static } from "typebox";
import { pageClause, type PageRequest, positionColumn, positioned } from "../../shared/page-position.ts";
import { appsOf, appsWithin } from "../../access/apps.ts";
import type { Owner, Reach } from "../../access/principal.ts";
import { IdRow } from "../../shared/rows.ts";

const AppRow = Type.Object({
  ...Type.Omit(App, ["latest_version", "rollout_version", "pending_listing", "allowed_actions"]).properties,
  pending_id: Nullable(Uuid),
  pending_name: Nullable(Type.String()),
  pending_category: Nullable(Type.String()),
  pending_submitted_at: Nullable(Timestamp),
  developer_id: Uuid,
  published_code_max: Nullable(Type.Integer()),
  latest_code: Nullable(Type.Integer()),
  latest_name: Nullable(Type.String()),
  rollout_code: Nullable(Type.Integer()),
  rollout_name: Nullable(Type.String()),
  rollout_percent: Nullable(Type.Integer()),
  is_rollout_halted: Nullable(Type.Boolean()),
});
export type AppRow = Static<typeof AppRow>;

const AppSummaryRow = Type.Omit(AppRow, [
  ...(["description", "pending_id", "pending_name", "pending_category", "pending_submitted_at"] as const),
]);
export type AppSummaryRow = Static<typeof AppSummaryRow>;

const summaryColumns = sql`
  id, developer_id, package_id, name, category, tags, status, suspended_by, suspend_reason,
  signing_fingerprint as signing_key, published_code_max, latest_code, latest_name, rollout_code,
  rollout_name, rollout_percent, is_rollout_halted, created_at, updated_at`;

const appColumns = sql`
  ${summaryColumns}, description, pending_id, pending_name, pending_category, pending_submitted_at`;

/** Costs one probe by primary key for an app with a rollout. */
const appsWithReleases = sql`
  apps
  left join lateral (
    select version_code as rollout_code, version_name as rollout_name, rollout_percent,
           halted_at is not null as is_rollout_halted
    from app_versions where app_versions.id = apps.rollout_version_id) as rollout on true`;

const wholeApps = sql`
  ${appsWithReleases}
  left join lateral (
    select listing.id as pending_id, listing.name as pending_name, listing.category as pending_category,
           listing.submitted_at as pending_submitted_at
    from app_listings as listing where app_id = apps.id and state = 'waiting') as pending on true`;

/**
 * Returns null when the package id is taken, by anyone: ids are global and never reused.
 * Retired ids: see `isRetired`.
 */
export function insertApp(db: Queryable, developerId: string, app: NewApp) {
  const { description = null, category = null, tags = [] } = app;
  return maybeOne(
    db,
    IdRow,
    sql`
      insert into apps (developer_id, package_id, name, description, category, tags)
      values (${developerId}, ${app.package_id}, ${app.name}, ${description}, ${category}, ${tags})
      on conflict (package_id) do nothing
      returning id`,
  );
}

const RetiredRow = Type.Object({ retired: Type.Boolean() });

/**
 * Returns true when the package id belonged to a published app that was deleted. It is a statement of its
 * own, after the insert: an insert that waited for the deletion of the same id sees what that has committed.
 */
export async function isRetired(tx: Queryable, packageId: string): Promise<boolean> {
  const { retired } = await one(
    tx,
    RetiredRow,
    sql`select exists (select from retired_package_ids where package_id = ${packageId}) as retired`,
  );
  return retired;
}

export function findApp(db: Queryable, reach: Reach, packageId: string) {
  return maybeOne(
    db,
    AppRow,
    sql`select ${appColumns} from ${wholeApps} where package_id = ${packageId} and ${appsWithin(reach)}`,
  );
}

/**
 * Locks the app, so that nobody else changes it or its versions before the commit. The row is read by a
 * second statement: the one that waits for the lock sees the current app, but its versions as they were
 * before the wait.
 */
export async function lockApp(tx: Queryable, reach: Reach, packageId: string) {
  const locked = await maybeOne(
    tx,
    IdRow,
    sql`select id from apps where package_id = ${packageId} and ${appsWithin(reach)} for update`,
  );
  return locked && readApp(tx, locked.id);
}

/** Returns the app as it is in the transaction, which has locked or inserted it. */
export function readApp(tx: Queryable, id: string) {
  return one(tx, AppRow, sql`select ${appColumns} from ${wholeApps} where id = ${id}`);
}

/** Stores the new values of a change or an action, and its time. */
export function updateApp(tx: Queryable, id: string, changes: Sql) {
  return execute(tx, sql`update apps set ${changes}, updated_at = now() where id = ${id}`);
}

/** Deletes the app with its versions. A trigger retires the package id of a published app. */
export function deleteLockedApp(tx: Queryable, id: string) {
  return execute(tx, sql`delete from apps where id = ${id}`);
}

const AppOnPage = Type.Object({ ...AppSummaryRow.properties, ...positioned });

/** Returns one page and the row after it, newest first. */
export function listOwnApps(db: Queryable, owner: Owner, page: PageRequest) {
  return many(
    db,
    AppOnPage,
    sql`
      select ${summaryColumns}, ${positionColumn} from ${appsWithReleases}
      where ${appsOf(owner)} ${pageClause(page)}`,
  );
}
