-- Up Migration
-- What was asked to be erased, by a hash alone: the install id is in the message to the writer, and nowhere
-- else once that is published.
create table telemetry_erasures (
  id uuid primary key default gen_random_uuid(),
  app_id uuid not null references apps(id) on delete cascade,
  install_hash varchar(64) not null,
  requested_at timestamptz not null default now()
);
create index telemetry_erasures_by_app on telemetry_erasures (app_id, requested_at);

-- Down Migration
drop table telemetry_erasures;
