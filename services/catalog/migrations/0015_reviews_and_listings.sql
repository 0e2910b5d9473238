-- Up Migration
create table reviews (
  id uuid primary key,
  -- The submission of a draft that is deleted still counts, for the limit of a day and for how long decisions
  -- take. It goes with its app, and so with its developer.
  version_id uuid references app_versions(id) on delete set null,
  app_id uuid not null references apps(id) on delete cascade,
  developer_id uuid not null,
  state varchar(20) not null default 'waiting'
    check (state in ('waiting', 'approved', 'rejected', 'withdrawn', 'superseded')),
  submitted_at timestamptz not null default now(),
  ended_at timestamptz,
  -- No reference: the account may be gone, and the claim ends by itself.
  claimed_by uuid,
  claimed_until timestamptz,
  decided_by uuid,
  codes varchar(50)[] not null default '{}',
  notes varchar(5000),
  checks jsonb not null,
  check ((state = 'waiting') = (ended_at is null)),
  check ((claimed_by is null) = (claimed_until is null) and (claimed_by is null or state = 'waiting')),
  check ((state in ('approved', 'rejected')) = (decided_by is not null)),
  check ((state = 'rejected') = (cardinality(codes) > 0))
);
comment on table reviews is 'Submissions of versions, one row each, with what became of them';
comment on column reviews.id is 'Id of the review';
comment on column reviews.version_id is 'Version that was submitted; null once it is deleted';
comment on column reviews.app_id is 'App of the version';
comment on column reviews.developer_id is 'Account that has submitted it';
comment on column reviews.state is 'waiting, approved, rejected, withdrawn or superseded';
comment on column reviews.submitted_at is 'When it was submitted';
comment on column reviews.ended_at is 'When it stopped waiting; null while it waits';
comment on column reviews.claimed_by is 'Reviewer who has it until claimed_until; null: nobody';
comment on column reviews.claimed_until is 'When the claim ends by itself';
comment on column reviews.decided_by is 'Reviewer who has decided; null without a decision';
comment on column reviews.codes is 'Reasons of a rejection, from a closed list';
comment on column reviews.notes is 'What the reviewer has written to the developer';
comment on column reviews.checks is
  'What was checked by itself: as at the submission, and from the end on as it was then';
-- The queue, and places in it.
create index reviews_queue on reviews (submitted_at, id) where state = 'waiting';
-- A version waits once, and so does its app.
create unique index reviews_waiting on reviews (app_id) where state = 'waiting';
-- These find the reviews of a version, and the latest submissions of an app.
create index reviews_by_version on reviews (version_id, submitted_at);
create index reviews_by_app on reviews (app_id, submitted_at);
create index reviews_by_claim on reviews (claimed_by) where claimed_by is not null;
-- How long the last decisions took.
create index reviews_decided on reviews (ended_at) where decided_by is not null;

alter table reviews enable row level security;
create policy of_tenant on reviews using (mosis_sees(developer_id));
grant select, insert,
  update (state, ended_at, claimed_by, claimed_until, decided_by, codes, notes, checks)
  on reviews to mosis_api;

create table review_events (
  id bigint generated always as identity primary key,
  review_id uuid not null references reviews(id) on delete cascade,
  developer_id uuid not null,
  event varchar(20) not null,
  by_part varchar(20) not null check (by_part in ('developer', 'reviewer', 'platform')),
  at timestamptz not null default now()
);
comment on table review_events is 'Steps of reviews, for their developers';
comment on column review_events.id is 'Order of the steps';
comment on column review_events.review_id is 'The review';
comment on column review_events.developer_id is 'Account that has submitted it';
comment on column review_events.event is 'What was done';
comment on column review_events.by_part is
  'developer, reviewer or platform: developers are not told who reviews';
comment on column review_events.at is 'When';
create index review_events_by_review on review_events (review_id, id);

alter table review_events enable row level security;
create policy of_tenant on review_events using (mosis_sees(developer_id));
grant select, insert on review_events to mosis_api;

-- Name and category say which app it is, and were reviewed with a version. So they do not change in the store
-- before a reviewer has looked.
create table app_listings (
  id uuid primary key,
  app_id uuid not null references apps(id) on delete cascade,
  developer_id uuid not null,
  name varchar(100) not null,
  category varchar(50),
  state varchar(20) not null default 'waiting'
    check (state in ('waiting', 'approved', 'rejected', 'withdrawn', 'superseded')),
  submitted_at timestamptz not null default now(),
  ended_at timestamptz,
  decided_by uuid,
  codes varchar(50)[] not null default '{}',
  notes varchar(5000),
  checks jsonb not null,
  check ((state = 'waiting') = (ended_at is null)),
  check ((state in ('approved', 'rejected')) = (decided_by is not null)),
  check ((state = 'rejected') = (cardinality(codes) > 0))
);
comment on table app_listings is
  'Names and categories that developers propose for apps that a reviewer has approved';
comment on column app_listings.id is 'Id of the listing';
comment on column app_listings.app_id is 'App that it is for';
comment on column app_listings.developer_id is 'Account that has proposed it';
comment on column app_listings.name is 'Name that is proposed';
comment on column app_listings.category is 'Category that is proposed; null for none';
comment on column app_listings.state is 'waiting, approved, rejected, withdrawn or superseded';
comment on column app_listings.submitted_at is 'When it was proposed';
comment on column app_listings.ended_at is 'When it stopped waiting; null while it waits';
comment on column app_listings.decided_by is 'Reviewer who has decided; null without a decision';
comment on column app_listings.codes is 'Reasons of a rejection, from a closed list';
comment on column app_listings.notes is 'What the reviewer has written to the developer';
comment on column app_listings.checks is
  'What was checked by itself: as when it was proposed, and from the end on as it was then';
create unique index app_listings_waiting on app_listings (app_id) where state = 'waiting';
create index app_listings_queue on app_listings (submitted_at, id) where state = 'waiting';
-- The last one of an app, and how many it had lately.
create index app_listings_by_app on app_listings (app_id, submitted_at);

alter table app_listings enable row level security;
create policy of_tenant on app_listings using (mosis_sees(developer_id));
grant select, insert (id, app_id, developer_id, name, category, checks),
  update (state, ended_at, decided_by, codes, notes, checks) on app_listings to mosis_api;

-- Down Migration
drop table app_listings;
drop table review_events;
drop table reviews;
