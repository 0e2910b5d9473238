import { many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Nullable, Timestamp } from "@mosis/types/formats";
import { ReviewCode, ReviewEvent, VersionReview } from "@mosis/types/reviews";
import Type from "typebox";
import { CountRow } from "../../shared/rows.ts";

const LastReview = Type.Object({
  ...Type.Pick(VersionReview, ["id", "state", "submitted_at", "ended_at", "checks", "notes"]).properties,
  codes: Type.Array(ReviewCode),
  /** The end of a reviewer's claim; null when nobody has claimed it. */
  claimed_until: Nullable(Timestamp),
});

/** Returns the last submission of a version, or null when it was never submitted. */
export function findLastReview(db: Queryable, versionId: string) {
  return maybeOne(
    db,
    LastReview,
    sql`
      select id, state, submitted_at, ended_at, checks, notes, codes,
             case when claimed_until > now() then claimed_until end as claimed_until
      from reviews where version_id = ${versionId}
      order by submitted_at desc, id desc
      limit 1`,
  );
}

/** The maximum that is counted for a place in the queue. */
const aheadMax = 1000;

/** Returns the number of waiting submissions that were made before this one, at most 1000. */
export async function countAhead(db: Queryable, id: string): Promise<number> {
  const { count } = await one(
    db,
    CountRow,
    sql`
      select count(*) as count
      from (select 1 from review_queue
            where (submitted_at, id) < (select submitted_at, id from review_queue where id = ${id})
            limit ${aheadMax}) ahead`,
  );
  return count;
}

/** The number of last decisions whose waits are reported. */
const decisionsMax = 100;

const Seconds = Nullable(Type.Integer());
const Waits = Type.Object({ p50: Seconds, p90: Seconds });

/** Returns the seconds from submission to decision of the last decisions, or null when there were none. */
export function readWaits(db: Queryable) {
  return one(
    db,
    Waits,
    sql`
      select ceil(percentile_cont(0.5) within group (order by seconds))::int as p50,
             ceil(percentile_cont(0.9) within group (order by seconds))::int as p90
      from (select extract(epoch from waited)::float8 as seconds from review_waits
            order by ended_at desc
            limit ${decisionsMax}) decided`,
  );
}

const eventsMax = 100;

/** Returns the events of a version's submissions, oldest first: the last 100. */
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
