-- Up Migration
create table webhooks (
  id uuid primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  url varchar(2048) not null,
  -- Attempts are limited per host.
  host varchar(255) not null,
  event_types varchar(100)[] not null check (cardinality(event_types) between 1 and 50),
  description varchar(500) not null,
  -- Encrypted, not hashed, because it has to sign.
  secret bytea not null,
  -- It signs beside the secret until then, so that receivers can change over.
  previous_secret bytea,
  previous_secret_until timestamptz,
  disabled_at timestamptz,
  disabled_reason varchar(20) check (disabled_reason in ('by_developer', 'gone', 'failing')),
  failing_since timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Beside `disabled_at`, which its owner has chosen and finds again after the quarantine.
  quarantined_at timestamptz,
  -- A webhook hears nothing that whoever has set it could not read: a key with only `webhooks:write` would
  -- hear of the e-mail address of its developer. There is no reference: a webhook outlives its key, and hears
  -- what that could read.
  set_by_key_id uuid,
  permissions varchar(50)[],
  check ((disabled_at is null) = (disabled_reason is null)),
  check ((previous_secret is null) = (previous_secret_until is null))
);
comment on table webhooks is 'Where developers want to be told of what happens';
comment on column webhooks.id is 'Id of the webhook';
comment on column webhooks.developer_id is 'Account that it belongs to';
comment on column webhooks.url is 'Where events are sent to';
comment on column webhooks.host is 'Host of the url, lower case';
comment on column webhooks.event_types is
  'What it is told of: actions, version.* for all of a resource, * for everything';
comment on column webhooks.description is 'What it is for, as the developer writes it';
comment on column webhooks.secret is
  'Encrypted secret that signs; the key is in the configuration of the processes';
comment on column webhooks.previous_secret is
  'Encrypted secret before the last rotation, which signs too until previous_secret_until';
comment on column webhooks.previous_secret_until is
  'When the previous secret stops signing; null without one';
comment on column webhooks.disabled_at is 'Since when nothing is sent; null: it is on';
comment on column webhooks.disabled_reason is 'by_developer, gone or failing';
comment on column webhooks.failing_since is
  'When the first attempt failed of those since the last success; null: the last one succeeded';
comment on column webhooks.created_at is 'When it was made';
comment on column webhooks.updated_at is 'When it was changed last';
comment on column webhooks.quarantined_at is
  'Since when it waits for its owner to confirm it; null: it does not wait';
comment on column webhooks.set_by_key_id is
  'The key that has set its url or event_types last; null: a session did';
comment on column webhooks.permissions is
  'What that key may read, and so what the webhook hears; null: everything';
create index webhooks_by_developer on webhooks (developer_id, created_at, id);

alter table webhooks enable row level security;
create policy of_tenant on webhooks to mosis_api using (mosis_sees(developer_id));
grant select (id, developer_id, url, host, event_types, description, previous_secret_until, disabled_at,
              disabled_reason, failing_since, created_at, updated_at, quarantined_at, set_by_key_id,
              permissions),
  insert (id, developer_id, url, host, event_types, description, secret, set_by_key_id, permissions),
  update (url, host, event_types, description, secret, previous_secret_until, disabled_at, disabled_reason,
          failing_since, updated_at, quarantined_at, set_by_key_id, permissions),
  delete on webhooks to mosis_api;
-- The relay makes a delivery of each audit event for each webhook that asks for it, and sees no secret or
-- address.
create policy of_relay on webhooks for select to mosis_relay using (true);
grant select (id, developer_id, event_types, disabled_at, quarantined_at, permissions)
  on webhooks to mosis_relay;
create policy of_webhooks on webhooks for select to mosis_webhooks using (true);
create policy of_webhooks_health on webhooks for update to mosis_webhooks using (true);
grant select,
  update (failing_since, disabled_at, disabled_reason, updated_at, previous_secret, previous_secret_until)
  on webhooks to mosis_webhooks;

create table webhook_deliveries (
  id uuid primary key,
  developer_id uuid not null,
  webhook_id uuid not null references webhooks(id) on delete cascade,
  event_id uuid not null,
  type varchar(100) not null,
  event json not null,
  status varchar(20) not null default 'pending' check (status in ('pending', 'succeeded', 'failed')),
  -- Those that were begun, also when nobody knows how they ended.
  attempts integer not null default 0,
  -- While an attempt runs, this is when another process may begin the next one.
  next_attempt_at timestamptz default now(),
  last_attempt_at timestamptz,
  response_status integer,
  duration_ms integer,
  error varchar(50),
  created_at timestamptz not null default now(),
  check ((status = 'pending') = (next_attempt_at is not null)),
  -- Whatever happens to the relay, a webhook has an event once.
  unique (webhook_id, event_id)
);
comment on table webhook_deliveries is 'Events on their way to webhooks, and what became of them';
comment on column webhook_deliveries.id is 'Id of the delivery';
comment on column webhook_deliveries.developer_id is 'Account that the webhook belongs to';
comment on column webhook_deliveries.webhook_id is 'The webhook';
comment on column webhook_deliveries.event_id is
  'Id of the audit event, which the receiver gets as webhook-id';
comment on column webhook_deliveries.type is 'Action of the event';
comment on column webhook_deliveries.event is 'The audit event, as it was published';
comment on column webhook_deliveries.status is 'pending, succeeded or failed';
comment on column webhook_deliveries.attempts is 'Attempts that were begun';
comment on column webhook_deliveries.next_attempt_at is
  'When the next attempt may begin; null once it has ended';
comment on column webhook_deliveries.last_attempt_at is 'When the last attempt began; null: none yet';
comment on column webhook_deliveries.response_status is 'HTTP status of the last answer; null without one';
comment on column webhook_deliveries.duration_ms is 'Milliseconds that the last attempt took';
comment on column webhook_deliveries.error is 'Why the last attempt failed; null: it did not';
comment on column webhook_deliveries.created_at is 'When the delivery was made';
-- Finds the webhooks that have something to be delivered, one after the other, however much one of them has.
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_attempt_at)
  where status = 'pending';
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, created_at, id);
create index webhook_deliveries_by_age on webhook_deliveries (created_at) where status <> 'pending';

alter table webhook_deliveries enable row level security;
create policy of_tenant on webhook_deliveries to mosis_api using (mosis_sees(developer_id));
grant select, insert, update (status, attempts, next_attempt_at, error) on webhook_deliveries to mosis_api;
create policy of_relay on webhook_deliveries for select to mosis_relay using (true);
create policy of_relay_events on webhook_deliveries for insert to mosis_relay with check (true);
grant select (webhook_id, event_id), insert (id, developer_id, webhook_id, event_id, type, event)
  on webhook_deliveries to mosis_relay;
-- Webhooks sends deliveries and writes down how it went. It makes none, and deletes those that have ended.
create policy of_webhooks on webhook_deliveries for select to mosis_webhooks using (true);
create policy of_webhooks_attempts on webhook_deliveries for update to mosis_webhooks using (true);
create policy of_webhooks_ended on webhook_deliveries for delete to mosis_webhooks
  using (status <> 'pending');
grant select,
  update (status, attempts, next_attempt_at, last_attempt_at, response_status, duration_ms, error), delete
  on webhook_deliveries to mosis_webhooks;

-- Down Migration
drop table webhook_deliveries;
drop table webhooks;
