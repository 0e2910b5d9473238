-- Up Migration
-- Where a developer wants to be told of what happens.
create table webhooks (
  id uuid primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  url varchar(2048) not null,
  -- Of the url, lower case: attempts are bounded per host.
  host varchar(255) not null,
  event_types varchar(100)[] not null check (cardinality(event_types) between 1 and 50),
  description varchar(500) not null,
  -- Encrypted, not hashed: it has to sign. The key is in the configuration of the processes.
  secret bytea not null,
  -- Signs beside it until then, so that receivers can change over.
  previous_secret bytea,
  previous_secret_until timestamptz,
  disabled_at timestamptz,
  disabled_reason varchar(20) check (disabled_reason in ('by_developer', 'gone', 'failing')),
  failing_since timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((disabled_at is null) = (disabled_reason is null)),
  check ((previous_secret is null) = (previous_secret_until is null))
);
create index webhooks_by_developer on webhooks (developer_id, created_at, id);

alter table webhooks enable row level security;
create policy of_tenant on webhooks using (mosis_sees(developer_id));
grant select, insert, update, delete on webhooks to mosis_api;

-- Down Migration
drop table webhooks;
