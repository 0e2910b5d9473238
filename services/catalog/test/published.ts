import { randomUUID } from "node:crypto";
import { execute, one, type Pool, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import Type from "typebox";

interface AppToPublish {
  package_id: string;
  name: string;
  description?: string | null;
  category?: string | null;
  tags?: string[];
  status?: "draft" | "published" | "suspended";
}

interface VersionToPublish {
  code: number;
  status?: "draft" | "published" | "review";
  percent?: number;
  min?: string | null;
  isHalted?: boolean;
  isYanked?: boolean;
}

/** Puts an app with its versions into the catalog, as the owner of the tables: what a store shows. */
export async function putApp(
  db: Pool,
  app: AppToPublish,
  versions: VersionToPublish[] = [],
): Promise<string> {
  const { description = null, category = null, tags = [], status = "published" } = app;
  const { id, developer_id } = await one(
    db,
    Type.Object({ id: Uuid, developer_id: Uuid }),
    sql`
      with developer as (
        insert into developers (email, name) values (${`${randomUUID()}@mosis.test`}, 'Somebody')
        returning id)
      insert into apps (developer_id, package_id, name, description, category, tags, status, suspended_by)
      select id, ${app.package_id}, ${app.name}, ${description}, ${category}, ${tags}, ${status},
             ${status === "suspended" ? "admin" : null}
      from developer
      returning id, developer_id`,
  );
  for (const version of versions) await putVersion(db, { appId: id, developerId: developer_id, version });
  return id;
}

async function putVersion(
  db: Pool,
  { appId, developerId, version }: { appId: string; developerId: string; version: VersionToPublish },
): Promise<void> {
  const { code, status = "published", percent = 100, min = null, isHalted, isYanked } = version;
  const isOut = status === "published";
  await execute(
    db,
    sql`
      insert into app_versions (
        app_id, developer_id, version_code, version_name, package_url, package_size, package_digest,
        signature,
        min_mosis_version, status, submitted_at, published_at, rollout_percent, halted_at, halt_reason,
        yanked_at, yank_reason)
      values (${appId}, ${developerId}, ${code}, ${`1.${code}`}, ${`https://packages.example/${code}`}, 1000,
              ${"0".repeat(64)}, 'c2ln', ${min}, ${status},
              ${status === "draft" ? null : "2026-01-01"}::timestamptz,
              ${isOut ? "2026-01-02" : null}::timestamptz, ${isOut ? percent : null},
              ${isHalted ? "2026-01-03" : null}::timestamptz, ${isHalted ? "It crashes." : null},
              ${isYanked ? "2026-01-03" : null}::timestamptz, ${isYanked ? "It crashes." : null})`,
  );
  if (!isOut || isHalted || isYanked) return;
  const column = percent === 100 ? sql`latest_version_id` : sql`rollout_version_id`;
  await execute(
    db,
    sql`
      update apps set ${column} = app_versions.id from app_versions
      where apps.id = ${appId} and app_id = apps.id and version_code = ${code}`,
  );
}
