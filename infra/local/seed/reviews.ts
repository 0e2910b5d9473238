import { sql } from "@mosis/postgres";

/**
 * Inserts the submission of every version that waits for review, or that was decided within three days and
 * waits for its developer since then. The submissions of published versions would be most of them, and nobody
 * reads those.
 */
export const insertReviews = sql`
  insert into reviews (id, version_id, app_id, developer_id, state, submitted_at, ended_at, decided_by, codes,
                       notes, checks)
  select id, id, app_id, developer_id, case status when 'review' then 'waiting' else status end,
         coalesce(submitted_at, created_at),
         case when status <> 'review' then
           coalesce(submitted_at, created_at) + make_interval(mins => 10 + (hashtext(id::text) & 4095))
         end,
         case when status <> 'review' then (select id from developers order by id limit 1) end,
         case status when 'rejected' then array['app_broken'] else '{}' end,
         review_notes, '[]'
  from app_versions
  where status in ('review', 'approved', 'rejected')
    and not exists (select from reviews where version_id = app_versions.id)`;

export const insertReviewEvents = sql`
  insert into review_events (review_id, developer_id, event, by_part, at)
  select id, developer_id, event, by_part, at
  from reviews cross join lateral (
         values ('submitted', 'developer', submitted_at), (state, 'reviewer', ended_at)
       ) told (event, by_part, at)
  where at is not null and not exists (select from review_events where review_id = reviews.id)
  order by id, at`;
