-- Up Migration
create table telemetry_restrictions (
  id uuid primary key default gen_random_uuid(),
  developer_id uuid references developers(id) on delete cascade,
  -- Neither refers to its table: somebody lifts a restriction, and its readers get a message. A cascade would
  -- leave it in force for whoever has read of it before.
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
comment on table telemetry_restrictions is 'What ingest drops, samples or sets aside';
comment on column telemetry_restrictions.id is 'Id of the restriction';
comment on column telemetry_restrictions.developer_id is
  'Account whose apps it holds for; null: everybody''s, which only an admin restricts';
comment on column telemetry_restrictions.app_id is 'Events of this app; null: of any';
comment on column telemetry_restrictions.key_id is 'Events that come with this key; null: with any';
comment on column telemetry_restrictions.event_name is 'Events of this name; null: of any';
comment on column telemetry_restrictions.action is 'drop, sample or quarantine';
comment on column telemetry_restrictions.rate is
  'Part of the sessions that a sample keeps, 0 to 1; null for other actions';
comment on column telemetry_restrictions.reason is 'Why, told with each event that it concerns';
comment on column telemetry_restrictions.created_by is 'Account that has made it';
comment on column telemetry_restrictions.created_at is 'When it was made';
comment on column telemetry_restrictions.expires_at is 'When it ends by itself; null: it does not';
create index telemetry_restrictions_by_developer on telemetry_restrictions (developer_id, created_at, id);
create index telemetry_restrictions_by_creator on telemetry_restrictions (created_by);

alter table telemetry_restrictions enable row level security;
create policy of_tenant on telemetry_restrictions to mosis_api using (mosis_sees(developer_id));
grant select, insert, delete on telemetry_restrictions to mosis_api;
create policy of_relay on telemetry_restrictions for select to mosis_relay using (true);
grant select (id, developer_id, created_by) on telemetry_restrictions to mosis_relay;

-- Only a hash says what was erased: the install id is in the message to the writer, and nowhere else once
-- that is published.
create table telemetry_erasures (
  id uuid primary key default gen_random_uuid(),
  app_id uuid not null references apps(id) on delete cascade,
  install_hash varchar(64) not null,
  requested_at timestamptz not null default now()
);
comment on table telemetry_erasures is 'Installs whose events were asked to be erased';
comment on column telemetry_erasures.id is 'Id of the erasure';
comment on column telemetry_erasures.app_id is 'App whose events of the install are erased';
comment on column telemetry_erasures.install_hash is
  'SHA-256 of the install id, hex. The id itself is stored nowhere';
comment on column telemetry_erasures.requested_at is 'When it was asked for';
create index telemetry_erasures_by_app on telemetry_erasures (app_id, requested_at);

alter table telemetry_erasures enable row level security;
-- The row has no owner of its own: whoever sees the app sees it.
create policy of_tenant on telemetry_erasures using (exists (select from apps where apps.id = app_id));
grant select, insert on telemetry_erasures to mosis_api;

-- Down Migration
drop table telemetry_erasures;
drop table telemetry_restrictions;
