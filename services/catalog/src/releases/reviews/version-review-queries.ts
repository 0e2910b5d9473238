import { many, maybeOne, one, type Queryable, sql } from "@mosis/postgres";
import { Nullable, Timestamp } from "@mosis/types/formats";
import { ReviewCode, ReviewEvent, VersionReview } from "@mosis/types/reviews";
import Type from "typebox";
import { CountRow } from "../../shared/rows.ts";

const LastReview = Type.Object({
  ...Type.Pick(VersionReview, ["id", "state", "submitted_at", "ended_at", "checks", "notes"]).properties,
  codes: Type.Array(ReviewCode),
  /** Null when nobody has it now. */
  claimed_until: Nullable(Timestamp),
});

/** The last submission of a version; null when it was never submitted. */
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

/** Places in the queue are counted so far. */
const aheadMax = 1000;

/** How many submissions that wait were made before one; at most 1000 are counted. */
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

/** Of so many decisions the waits are told. */
const decisionsMax = 100;

const Seconds = Nullable(Type.Integer());
const Waits = Type.Object({ p50: Seconds, p90: Seconds });

/** Seconds from submission to decision of the last decisions; null when there were none. */
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
