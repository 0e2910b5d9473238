-- Up Migration
create table telemetry_restrictions (
  id uuid primary key default gen_random_uuid(),
  -- Whose apps it holds for. Null: everybody's, which only an admin may restrict.
  developer_id uuid references developers(id) on delete cascade,
  -- Neither refers to its table: a restriction is lifted, and told as lifted, by somebody; a cascade would
  -- leave it in force wherever it was told before.
  app_id uuid,
  key_id uuid,
  event_name varchar(100),
  action varchar(20) not null check (action in ('drop', 'sample', 'quarantine')),
  rate double precision check (rate between 0 and 1),
  reason varchar(500) not null,
  created_by uuid not null references developers(id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  -- A restriction of nothing in particular would stop all telemetry of all apps.
  check (num_nonnulls(app_id, key_id, event_name) > 0),
  check ((action = 'sample') = (rate is not null))
);
create index telemetry_restrictions_by_developer on telemetry_restrictions (developer_id, created_at, id);
create index telemetry_restrictions_by_creator on telemetry_restrictions (created_by);

-- Down Migration
drop table telemetry_restrictions;
