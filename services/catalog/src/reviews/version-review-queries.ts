import { many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Timestamp, Uuid } from "@mosis/types/formats";
import { ReviewCode, ReviewEvent, VersionReview } from "@mosis/types/reviews";
import { VersionStatus } from "@mosis/types/versions";
import Type from "typebox";
import { within } from "../apps/queries.ts";
import type { Reach } from "../principal.ts";

const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const shown = [
  ...(["id", "package_id", "version_code", "state", "submitted_at", "ended_at"] as const),
  ...(["checks", "notes"] as const),
] as const;

const LastReview = Type.Object({
  ...Type.Pick(VersionReview, shown).properties,
  codes: Type.Array(ReviewCode),
  claimed_until: orNull(Timestamp),
  version_id: Uuid,
  developer_id: Uuid,
  status: VersionStatus,
  rollout_percent: orNull(Type.Integer()),
  halted_at: orNull(Timestamp),
  yanked_at: orNull(Timestamp),
  signing_key: orNull(Type.String()),
  is_signing_key_active: Type.Boolean(),
  is_rollout: Type.Boolean(),
  pinned_key: orNull(Type.String()),
  published_code_max: orNull(Type.Integer()),
  review_code: orNull(Type.Integer()),
});

/** The last submission of a version, with what decides over it; null when it was never submitted. */
export function findLastReview(
  db: Queryable,
  reach: Reach,
  { packageId, code }: { packageId: string; code: number },
) {
  return maybeOne(
    db,
    LastReview,
    sql`
      select reviews.id, package_id, version_code, state, reviews.submitted_at, ended_at, checks, codes,
             notes,
             case when claimed_until > now() then claimed_until end as claimed_until, version_id,
             app.developer_id, app_versions.status, rollout_percent, halted_at, yanked_at,
             fingerprint as signing_key, coalesce(is_active, false) as is_signing_key_active,
             app_versions.id is not distinct from rollout_version_id as is_rollout,
             signing_fingerprint as pinned_key, published_code_max,
             (select version_code from app_versions
              where app_id = app.id and status = 'review') as review_code
      from (select id, developer_id, package_id, rollout_version_id, signing_fingerprint, published_code_max
            from apps where package_id = ${packageId} and ${within(reach)}) app
      join app_versions on app_versions.app_id = app.id and version_code = ${code}
      left join signing_keys on signing_keys.id = signing_key_id
      join reviews on version_id = app_versions.id
      order by reviews.submitted_at desc, reviews.id desc
      limit 1`,
  );
}

/** Places in the queue are counted so far. */
const aheadMax = 1000;

/** How many submissions that wait were made before one; at most 1000 are counted. */
export async function countAhead(db: Queryable, id: string): Promise<number> {
  const { count } = await one(
    db,
    Type.Object({ count: Type.Integer() }),
    sql`
      select count(*) as count
      from (select 1 from review_queue
            where (submitted_at, id) < (select submitted_at, id from review_queue where id = ${id})
            limit ${aheadMax}) ahead`,
  );
  return count;
}

/** Of so many decisions the waits are told. */
const decisionsMax = 100;

/** Seconds from submission to decision of the last decisions; null when there were none. */
export function readWaits(db: Queryable) {
  const Seconds = Type.Union([Type.Integer(), Type.Null()]);
  return one(
    db,
    Type.Object({ p50: Seconds, p90: Seconds }),
    sql`
      select ceil(percentile_cont(0.5) within group (order by seconds))::int as p50,
             ceil(percentile_cont(0.9) within group (order by seconds))::int as p90
      from (select extract(epoch from waited)::float8 as seconds from review_waits
            order by ended_at desc
            limit ${decisionsMax}) decided`,
  );
}

const eventsMax = 100;

/** What happened to the submissions of a version, from old to new: the last 100. */
export function listTimeline(db: Queryable, versionId: string) {
  return many(
    db,
    ReviewEvent,
    sql`
      select review_id, event, by, at, codes, notes
      from (select review_events.id, review_id, event, by_part as by, at,
                   case when event = 'rejected' then codes else '{}' end as codes,
                   case when event = state then notes end as notes
            from reviews join review_events on review_id = reviews.id
            where version_id = ${versionId}
            order by review_events.id desc
            limit ${eventsMax}) last
      order by id`,
  );
}
