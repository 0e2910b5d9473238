-- Up Migration
-- When the relay has last published every app, key and restriction again, and with which signing key. It
-- does so after another key, after a week, and when somebody deletes the row. No row: never.
create table state_publications (
  is_only_row boolean primary key default true check (is_only_row),
  signing_key varchar(32) not null,
  completed_at timestamptz not null
);

-- Down Migration
drop table state_publications;
