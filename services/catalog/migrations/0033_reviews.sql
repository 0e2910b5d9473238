-- Up Migration
-- One row a submission.
create table reviews (
  id uuid primary key,
  -- Goes with its version, and so with its app and developer: those columns need no reference of their own.
  version_id uuid not null references app_versions(id) on delete cascade,
  app_id uuid not null,
  developer_id uuid not null,
  state varchar(20) not null default 'waiting'
    check (state in ('waiting', 'approved', 'rejected', 'withdrawn', 'superseded')),
  submitted_at timestamptz not null default now(),
  ended_at timestamptz,
  -- A reviewer, until then. The account may be gone: the claim ends by itself.
  claimed_by uuid,
  claimed_until timestamptz,
  -- The reviewer.
  decided_by uuid,
  codes varchar(50)[] not null default '{}',
  notes varchar(5000),
  -- As they were at the submission, and from the end on as they were then.
  checks jsonb not null,
  check ((state = 'waiting') = (ended_at is null)),
  check ((claimed_by is null) = (claimed_until is null) and (claimed_by is null or state = 'waiting')),
  check ((state in ('approved', 'rejected')) = (decided_by is not null)),
  check ((state = 'rejected') = (cardinality(codes) > 0))
);
-- The queue, and places in it.
create index reviews_queue on reviews (submitted_at, id) where state = 'waiting';
-- A version waits once, and so does its app.
create unique index reviews_waiting on reviews (app_id) where state = 'waiting';
-- What a version has been through, and what an app has submitted lately.
create index reviews_by_version on reviews (version_id, submitted_at);
create index reviews_by_app on reviews (app_id, submitted_at);
create index reviews_by_claim on reviews (claimed_by) where claimed_by is not null;
-- How long the last decisions took.
create index reviews_decided on reviews (ended_at) where decided_by is not null;

-- What was submitted before there were reviews waits like the others.
insert into reviews (id, version_id, app_id, developer_id, submitted_at, checks)
select gen_random_uuid(), id, app_id, developer_id, submitted_at, '[]' from app_versions
where status = 'review';

create table review_events (
  id bigint generated always as identity primary key,
  review_id uuid not null references reviews(id) on delete cascade,
  developer_id uuid not null,
  event varchar(20) not null,
  -- In what part: developers are not told who reviews.
  by_part varchar(20) not null check (by_part in ('developer', 'reviewer', 'platform')),
  at timestamptz not null default now()
);
create index review_events_by_review on review_events (review_id, id);

alter table reviews enable row level security;
create policy of_tenant on reviews using (mosis_sees(developer_id));
grant select, insert, update on reviews to mosis_api;
alter table review_events enable row level security;
create policy of_tenant on review_events using (mosis_sees(developer_id));
grant select, insert on review_events to mosis_api;

-- The queue and how long decisions took are everybody's, and say nothing of what is in a submission. As the
-- owner of the table: the planner takes a policy for a filter that leaves one row of two hundred, and sorted
-- the whole queue for a page of it, 280 ms instead of 2 with 6400 that wait.
create view review_queue as
  select id, app_id, developer_id, submitted_at, claimed_by, claimed_until from reviews
  where state = 'waiting';
create view review_waits as
  select ended_at, ended_at - submitted_at as waited from reviews where decided_by is not null;
grant select on review_queue, review_waits to mosis_api;

-- Down Migration
drop view review_waits;
drop view review_queue;
drop table review_events;
drop table reviews;
