import { maybeOne, type Queryable, type Sql, sql } from "@mosis/postgres";
import { Nullable, Uuid } from "@mosis/types/formats";
import { StoreVersion } from "@mosis/types/store";
import Type from "typebox";

// Everybody's to read: a table and a view of what is published, and nothing else.

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

/** What the store answers about an app, as JSON in the form of `StoreApp`: one probe of an index. */
export function findAnswer(db: Queryable, packageId: string) {
  return maybeOne(
    db,
    Answer,
    sql`select state_hash, answer from published_app_answers where package_id = ${packageId}`,
  );
}

const Answer = Type.Object({ state_hash: Type.String(), answer: Type.String() });

/** The newest version that a device may get; null when none runs on it. */
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

/** A version in rollout, and the percent from above which this install gets it. */
export interface Rollout {
  versionId: string;
  percent: number;
}

/** Four numbers, which compare as versions do: `1.4` is `1.4.0.0`, and less than `1.10`. */
function numbersOf(version: Sql): Sql {
  return sql`(string_to_array(${version} || '.0.0.0', '.')::integer[])[1:4]`;
}
