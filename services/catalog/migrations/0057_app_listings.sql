-- Up Migration
-- Names and categories that developers want for apps that a reviewer has approved. What the store says which
-- app it is was reviewed with a version, so it is not another one before somebody has looked.
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
  -- The reviewer.
  decided_by uuid,
  codes varchar(50)[] not null default '{}',
  notes varchar(5000),
  -- As they were when it was proposed, and from the end on as they were then.
  checks jsonb not null,
  check ((state = 'waiting') = (ended_at is null)),
  check ((state in ('approved', 'rejected')) = (decided_by is not null)),
  check ((state = 'rejected') = (cardinality(codes) > 0))
);
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
