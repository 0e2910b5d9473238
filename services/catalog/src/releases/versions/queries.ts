import { execute, many, maybeOne, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { type NewVersion, Version, type VersionChange, versionCodeMax } from "@mosis/types/versions";
import { Nullable, Uuid } from "@mosis/types/formats";
import Type, { type Static } from "typebox";
import { appsWithin } from "../../access/apps.ts";
import type { Reach } from "../../access/principal.ts";
import { CountRow, IdRow } from "../../shared/rows.ts";

/** A version with the facts of its app that decide what may be done with it. */
const VersionRow = Type.Object({
  ...Type.Omit(Version, ["availability", "allowed_actions"]).properties,
  app_id: Uuid,
  developer_id: Uuid,
  is_signing_key_active: Type.Boolean(),
  /** The app's version in rollout; null when there is none. */
  rollout_version_id: Nullable(Uuid),
  is_rollout: Type.Boolean(),
  pinned_key: Nullable(Type.String()),
  published_code_max: Nullable(Type.Integer()),
  review_code: Nullable(Type.Integer()),
});
export type VersionRow = Static<typeof VersionRow>;

const selectVersions = sql`
  select version.id, apps.package_id, version.version_code, version.version_name, version.package_url,
         version.package_size, version.package_digest, version.signature, key.fingerprint as signing_key,
         version.permissions, version.min_mosis_version, version.release_notes, version.status,
         version.rollout_percent, version.halted_at, version.halt_reason, version.yanked_at,
         version.yank_reason, version.review_notes, version.submitted_at, version.published_at,
         version.created_at, version.updated_at, version.app_id, apps.developer_id,
         key.is_active is true as is_signing_key_active,
         apps.rollout_version_id, (version.id = apps.rollout_version_id) is true as is_rollout,
         apps.signing_fingerprint as pinned_key, apps.published_code_max,
         (select version_code from app_versions where app_id = apps.id and status = 'review') as review_code
  from apps join app_versions as version on version.app_id = apps.id
       left join signing_keys as key on key.id = version.signing_key_id`;

export function findVersion(db: Queryable, reach: Reach, packageId: string, code: number) {
  return maybeOne(
    db,
    VersionRow,
    sql`
      ${selectVersions}
      where apps.package_id = ${packageId} and ${appsWithin(reach)} and version.version_code = ${code}`,
  );
}

/** Returns the version as it is in the transaction, which has locked its app. */
export function readVersion(tx: Queryable, id: string) {
  return one(tx, VersionRow, sql`${selectVersions} where version.id = ${id}`);
}

/** Returns one page and the row after it, from the greatest code to the smallest. */
export function listVersions(
  db: Queryable,
  { appId, behind, limit }: { appId: string; behind: number | null; limit: number },
) {
  const codeMax = behind === null ? versionCodeMax : behind - 1;
  return many(
    db,
    VersionRow,
    sql`
      ${selectVersions}
      where version.app_id = ${appId} and version.version_code <= ${codeMax}
      order by version.version_code desc
      limit ${limit + 1}`,
  );
}

/** Returns the number of an app's versions, counted to `max` at most. */
export async function countVersions(tx: Queryable, appId: string, max: number): Promise<number> {
  const { count } = await one(
    tx,
    CountRow,
    sql`
      select count(*) as count
      from (select from app_versions where app_id = ${appId} limit ${max}) as counted`,
  );
  return count;
}

/** Returns null when the app has a version with this code. */
export function insertVersion(
  tx: Queryable,
  app: { id: string; developer_id: string },
  version: NewVersion & { signing_key_id: string },
) {
  const { permissions = [], min_mosis_version = null, release_notes = null } = version;
  return maybeOne(
    tx,
    IdRow,
    sql`
      insert into app_versions
        (app_id, developer_id, version_code, version_name, package_url, package_size, package_digest,
         signature, signing_key_id, permissions, min_mosis_version, release_notes)
      values (${app.id}, ${app.developer_id}, ${version.version_code}, ${version.version_name},
              ${version.package_url}, ${version.package_size}, ${version.package_digest},
              ${version.signature}, ${version.signing_key_id}, ${JSON.stringify(permissions)}::jsonb,
              ${min_mosis_version}, ${release_notes})
      on conflict (app_id, version_code) do nothing
      returning id`,
  );
}

/** Stores the developer's changes of a version. A rejected version becomes a draft again. */
export function updateDraft(
  tx: Queryable,
  id: string,
  version: Required<VersionChange> & { signing_key_id: string },
) {
  return execute(
    tx,
    sql`
      update app_versions
      set version_name = ${version.version_name}, package_url = ${version.package_url},
          package_size = ${version.package_size}, package_digest = ${version.package_digest},
          signature = ${version.signature}, signing_key_id = ${version.signing_key_id},
          permissions = ${JSON.stringify(version.permissions)}::jsonb,
          min_mosis_version = ${version.min_mosis_version}, release_notes = ${version.release_notes},
          status = 'draft', updated_at = now()
      where id = ${id}`,
  );
}

export function deleteVersion(tx: Queryable, id: string) {
  return execute(tx, sql`delete from app_versions where id = ${id}`);
}

/** Makes the waiting version of an app a draft again. Returns null when none waits. */
export function supersedeWaiting(tx: Queryable, appId: string) {
  return maybeOne(
    tx,
    IdRow,
    sql`
      update app_versions set status = 'draft', updated_at = now()
      where app_id = ${appId} and status = 'review'
      returning id`,
  );
}

/** Stores the new values of an action on a version, and its time. */
export function updateVersion(tx: Queryable, id: string, changes: Sql) {
  return execute(tx, sql`update app_versions set ${changes}, updated_at = now() where id = ${id}`);
}

/**
 * Points the app to the versions that devices get now. The result follows only from the app's versions, so
 * every action calls this same function at its end.
 * @param signedWith fingerprint that is pinned if the app has none yet.
 */
export function updateReleases(tx: Queryable, appId: string, signedWith: string | null) {
  return execute(
    tx,
    sql`
      update apps
      set latest_version_id = (
            select id from app_versions
            where app_id = apps.id and status = 'published' and rollout_percent = 100
              and halted_at is null and yanked_at is null
            order by version_code desc limit 1),
          rollout_version_id = case when newest.rollout_percent < 100 and newest.yanked_at is null
                                 then newest.id end,
          published_code_max = newest.version_code,
          signing_fingerprint = coalesce(signing_fingerprint, ${signedWith}),
          updated_at = now()
      from (select id, version_code, rollout_percent, yanked_at from app_versions
            where app_id = ${appId} and status = 'published'
            order by version_code desc limit 1) as newest
      where apps.id = ${appId}`,
  );
}

const PublishedBelow = Type.Pick(Version, ["version_code", "permissions"]);

/** Returns the permissions of the published version with the greatest code below this one. */
export function findPublishedBelow(db: Queryable, appId: string, code: number) {
  return maybeOne(
    db,
    PublishedBelow,
    sql`
      select version_code, permissions from app_versions
      where app_id = ${appId} and status = 'published' and version_code < ${code}
      order by version_code desc limit 1`,
  );
}
