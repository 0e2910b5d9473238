import { execute, many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Nullable, Uuid } from "@mosis/types/formats";
import { Check } from "@mosis/types/reviews";
import Type, { type Static } from "typebox";
import { CountRow } from "../../shared/rows.ts";

/** The facts that are checked when a version is submitted. */
const Submitted = Type.Object({
  app_id: Uuid,
  developer_id: Uuid,
  app_name: Type.String(),
  version_code: Type.Integer(),
  permissions: Type.Array(Type.String()),
  signing_key: Nullable(Type.String()),
  is_signing_key_active: Type.Boolean(),
  pinned_key: Nullable(Type.String()),
  published_code_max: Nullable(Type.Integer()),
  /** The published version with the greatest code. */
  published: Nullable(Type.Object({ version_code: Type.Integer(), permissions: Type.Array(Type.String()) })),
});
export type Submitted = Static<typeof Submitted>;

export function readSubmitted(tx: Queryable, versionId: string) {
  return one(
    tx,
    Submitted,
    sql`
      select apps.id as app_id, apps.developer_id, apps.name as app_name, version.version_code,
             version.permissions, fingerprint as signing_key,
             coalesce(is_active, false) as is_signing_key_active, signing_fingerprint as pinned_key,
             published_code_max,
             (select json_build_object('version_code', version_code, 'permissions', permissions)
              from app_versions where app_id = apps.id and version_code = published_code_max) as published
      from app_versions version
      join apps on apps.id = version.app_id
      left join signing_keys on signing_keys.id = signing_key_id
      where version.id = ${versionId}`,
  );
}

/**
 * The similarity from which a name is reported: the share of three-letter pieces that two names have in
 * common.
 */
const similarityMin = 0.6;
const similarAppsMax = 5;

const SimilarApp = Type.Object({ package_id: Type.String(), name: Type.String() });

/**
 * Returns the store's apps of other developers whose names are most like a name, by their letters or by their
 * looks.
 */
export async function listSimilarApps(tx: Queryable, developerId: string, name: string) {
  // This sets the threshold of % for this transaction, so that the index finds no more than that.
  await execute(tx, sql`select set_config('pg_trgm.similarity_threshold', ${String(similarityMin)}, true)`);
  return many(
    tx,
    SimilarApp,
    sql`
      select package_id, name from published_app_names
      where (name % ${name} or skeleton % name_skeleton(${name})) and developer_id <> ${developerId}
      order by greatest(similarity(name, ${name}), similarity(skeleton, name_skeleton(${name}))) desc,
               package_id
      limit ${similarAppsMax}`,
  );
}

/** Returns the number of submissions of an app in the last 24 hours. */
export async function countOfDay(tx: Queryable, appId: string): Promise<number> {
  const { count } = await one(
    tx,
    CountRow,
    sql`
      select count(*) as count from reviews
      where app_id = ${appId} and submitted_at > now() - interval '24 hours'`,
  );
  return count;
}

export interface NewReview {
  id: string;
  versionId: string;
  appId: string;
  developerId: string;
  checks: Check[];
}

export function insertReview(tx: Queryable, { id, versionId, appId, developerId, checks }: NewReview) {
  return execute(
    tx,
    sql`
      insert into reviews (id, version_id, app_id, developer_id, checks)
      values (${id}, ${versionId}, ${appId}, ${developerId}, ${JSON.stringify(checks)}::jsonb)`,
  );
}

const WaitingReview = Type.Object({
  id: Uuid,
  developer_id: Uuid,
  version_id: Uuid,
  checks: Type.Array(Check),
});

/** Locks and returns the waiting submission of an app. */
export function lockWaiting(tx: Queryable, appId: string) {
  return maybeOne(
    tx,
    WaitingReview,
    sql`
      select id, developer_id, version_id, checks from reviews where app_id = ${appId} and state = 'waiting'
      for no key update`,
  );
}

export function updateChecks(tx: Queryable, id: string, checks: Check[]) {
  return execute(tx, sql`update reviews set checks = ${JSON.stringify(checks)}::jsonb where id = ${id}`);
}
