// The statements that the catalog sends to PostgreSQL, and the same as people write them who do not look at
// the plan.
import { many, type Pool, sql } from "@mosis/postgres";
import Type from "typebox";
import { listOwnApps } from "../../services/catalog/src/releases/apps/queries.ts";
import { findAccount } from "../../services/catalog/src/developers/queries.ts";
import { search } from "../../services/catalog/src/store/search/search.ts";
import { findAnswers } from "../../services/catalog/src/store/queries.ts";

const Rows = Type.Object({});
const limit = 50;

export const statements = {
  developer_by_email: (db, email) => findAccount(db.as("*"), email),
  app_with_latest_version: (db, packageId) => findAnswers(db, [packageId]),
  apps_of_developer: (db, developerId) =>
    listOwnApps(db.as(developerId), { developerId, appIds: null }, { limit, behind: null }),
  search: (db, q) =>
    search(db, { q, category: null, tag: null, sort: "relevance", behind: null, limit: limit + 1 }),
  bare: (db) => many(db, Rows, sql`select 1`),
  obvious_app_with_latest_version: (db, packageId) =>
    many(
      db,
      Rows,
      sql`
        select apps.*, app_versions.*
        from apps
        join app_versions on app_versions.app_id = apps.id
        join (select app_id, max(version_code) as version_code from app_versions
              where status = 'published' group by app_id) latest
          on latest.app_id = apps.id and latest.version_code = app_versions.version_code
        where package_id = ${packageId} and apps.status = 'published'`,
    ),
  obvious_apps_of_developer: (db, developerId) =>
    many(
      db,
      Rows,
      sql`
        select apps.*, latest.version_code
        from apps
        left join (select app_id, max(version_code) as version_code from app_versions
                   where status = 'published' group by app_id) latest on latest.app_id = apps.id
        where developer_id = ${developerId}
        order by created_at desc limit ${limit} offset 0`,
    ),
  obvious_search: (db, q) =>
    many(
      db,
      Rows,
      sql`
        select id, package_id, name, description, category, tags, updated_at from apps
        where status = 'published'
          and (name ilike ${`%${q}%`} or package_id ilike ${`%${q}%`} or description ilike ${`%${q}%`}
               or array_to_string(tags, ' ') ilike ${`%${q}%`})
        order by (lower(name) = lower(${q})) desc, updated_at desc
        limit ${limit}`,
    ),
} satisfies Record<string, (db: Pool, item: string) => Promise<unknown>>;

export type StatementName = keyof typeof statements;
