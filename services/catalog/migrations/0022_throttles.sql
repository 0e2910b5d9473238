-- Up Migration
-- How often something may still be tried, over all processes. Unlogged: a crash of PostgreSQL gives everybody
-- a full bucket again, and a failed sign-in waits for no disk.
create unlogged table throttles (
  -- SHA-256 of what is tried, and with which address.
  key varchar(64) primary key,
  -- When the bucket is full again: its level, as a time.
  full_at timestamptz not null
);

alter table throttles enable row level security;
-- Of nobody in particular: seen by who acts for everybody.
create policy of_tenant on throttles using (mosis_sees(null));
grant select, insert, update, delete on throttles to mosis_api;

-- Down Migration
drop table throttles;
