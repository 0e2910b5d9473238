import { maybeOne, type Queryable, type Sql, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { StoreApp, StoreVersion } from "@mosis/types/store";
import Type, { type TSchema } from "typebox";

// Everybody's to read: a table and a view of what is published, and nothing else.

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const State = Type.Object({
  app_id: Uuid,
  state_hash: Type.String(),
  rollout_version_id: Nullable(Uuid),
});

/** One row that says all that an answer of the store about an app depends on. */
export function findState(db: Queryable, packageId: string) {
  return maybeOne(
    db,
    State,
    sql`select app_id, state_hash, rollout_version_id from published_apps where package_id = ${packageId}`,
  );
}

const versionColumns = sql`
  version_code, version_name, package_url, package_size, package_digest, signature, signing_key, public_key,
  permissions, min_mosis_version, release_notes`;

const { latest_version: _latest, ...appFields } = StoreApp.properties;
const { published_at: _published, version_code, ...versionFields } = StoreVersion.properties;

/** Flat, because a row that is read is cheaper than JSON that is made and read. */
const AppWithVersion = Type.Object({
  ...appFields,
  state_hash: Type.String(),
  version_code: Nullable(version_code),
  version_published_at: Nullable(StoreVersion.properties.published_at),
  ...(Object.fromEntries(Object.entries(versionFields).map(([name, field]) => [name, Nullable(field)])) as {
    [Name in keyof typeof versionFields]: ReturnType<typeof Nullable<(typeof versionFields)[Name]>>;
  }),
});

/** An app with its latest version, which is three probes of indexes. */
export async function findStoreApp(db: Queryable, packageId: string) {
  const row = await maybeOne(
    db,
    AppWithVersion,
    sql`
      select published_apps.package_id, name, description, category, tags, published_apps.published_at,
             updated_at, state_hash, ${versionColumns}, versions.published_at as version_published_at
      from published_apps left join published_versions versions on versions.id = latest_version_id
      where published_apps.package_id = ${packageId}`,
  );
  if (row === null) return null;
  const { package_id, name, description, category, tags, published_at, updated_at, state_hash, ...rest } =
    row;
  const { version_code: code, version_published_at: since, ...version } = rest;
  // Columns of a version that is there are what the view says; the row's schema has them all as nullable.
  const latest_version =
    code === null ? null : ({ version_code: code, ...version, published_at: since } as StoreVersion);
  const app: StoreApp = {
    ...{ package_id, name, description, category, tags, published_at, updated_at },
    latest_version,
  };
  return { app, state_hash };
}

/** The newest version that a device may get; null when none runs on it. */
export function findVersionForDevice(
  db: Queryable,
  { appId, mosisVersion, rollout }: { appId: string; mosisVersion: string; rollout: Rollout | null },
) {
  return maybeOne(
    db,
    StoreVersion,
    sql`
      select ${versionColumns}, published_at from published_versions
      where app_id = ${appId} and halted_at is null and yanked_at is null
        and (rollout_percent = 100
             or id = ${rollout?.versionId ?? null} and rollout_percent > ${rollout?.percent ?? 100})
        and (min_mosis_version is null
             or ${numbersOf(sql`min_mosis_version`)} <= ${numbersOf(sql`${mosisVersion}::text`)})
      order by version_code desc
      limit 1`,
  );
}

/** A version in rollout, and the percent from above which this install gets it. */
export interface Rollout {
  versionId: string;
  percent: number;
}

/** Four numbers, which compare as versions do: `1.4` is `1.4.0.0`, and less than `1.10`. */
function numbersOf(version: Sql): Sql {
  return sql`(string_to_array(${version} || '.0.0.0', '.')::integer[])[1:4]`;
}
