import { many, maybeOne, type Queryable, type Sql, sql } from "@mosis/postgres";
import { PackageId } from "@mosis/types/apps";
import { Nullable, Uuid } from "@mosis/types/formats";
import { StoreVersion } from "@mosis/types/store";
import Type, { type Static } from "typebox";

// These queries read only a table and a view of published apps, which everybody may read.

const State = Type.Object({
  package_id: PackageId,
  app_id: Uuid,
  state_hash: Type.String(),
  rollout_version_id: Nullable(Uuid),
});
type State = Static<typeof State>;

/** Returns one row for each app, with everything that the store's answer about it depends on. */
export async function findStates(db: Queryable, packageIds: readonly string[]): Promise<Map<string, State>> {
  const states = await many(
    db,
    State,
    sql`
      select package_id, app_id, state_hash, rollout_version_id
      from published_apps where package_id = any(${packageIds})`,
  );
  return byPackageId(states);
}

const Answer = Type.Object({ package_id: PackageId, state_hash: Type.String(), answer: Type.String() });
type Answer = Static<typeof Answer>;

/** Returns the store's answers about apps, as JSON in the form of `StoreApp`. Each takes one index probe. */
export async function findAnswers(
  db: Queryable,
  packageIds: readonly string[],
): Promise<Map<string, Answer>> {
  const answers = await many(
    db,
    Answer,
    sql`
      select package_id, state_hash, answer
      from published_app_answers where package_id = any(${packageIds})`,
  );
  return byPackageId(answers);
}

function byPackageId<T extends { package_id: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [row.package_id, row]));
}

/** Returns the newest version that a device may get; null when none runs on it. */
export function findVersionForDevice(
  db: Queryable,
  { appId, mosisVersion, rollout }: { appId: string; mosisVersion: string; rollout: Rollout | null },
) {
  return maybeOne(
    db,
    StoreVersion,
    sql`
      select version_code, version_name, package_url, package_size, package_digest, signature, signing_key,
             public_key, permissions, min_mosis_version, release_notes, published_at
      from published_versions
      where app_id = ${appId} and halted_at is null and yanked_at is null
        and (rollout_percent = 100
             or id = ${rollout?.versionId ?? null} and rollout_percent > ${rollout?.percent ?? 100})
        and (min_mosis_version is null
             or ${numbersOf(sql`min_mosis_version`)} <= ${numbersOf(sql`${mosisVersion}::text`)})
      order by version_code desc
      limit 1`,
  );
}

/** A version in rollout. The install gets it when the rollout's percent is above this one. */
export interface Rollout {
  versionId: string;
  percent: number;
}

/** Returns four numbers, which compare as versions do: `1.4` is `1.4.0.0`, and less than `1.10`. */
function numbersOf(version: Sql): Sql {
  return sql`(string_to_array(${version} || '.0.0.0', '.')::integer[])[1:4]`;
}
