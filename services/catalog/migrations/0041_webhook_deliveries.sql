-- Up Migration
-- One event on its way to one webhook.
create table webhook_deliveries (
  id uuid primary key,
  developer_id uuid not null,
  webhook_id uuid not null references webhooks(id) on delete cascade,
  -- Id of the audit event, and what the receiver knows it by.
  event_id uuid not null,
  type varchar(100) not null,
  -- The audit event as it was published.
  event json not null,
  status varchar(20) not null default 'pending' check (status in ('pending', 'succeeded', 'failed')),
  -- Begun, also those nobody has heard of since.
  attempts integer not null default 0,
  -- While an attempt runs: when somebody else may begin the next one.
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
-- Webhooks that have something to be delivered, one after the other, however much one of them has.
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_attempt_at)
  where status = 'pending';
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, created_at, id);
create index webhook_deliveries_by_age on webhook_deliveries (created_at) where status <> 'pending';

alter table webhook_deliveries enable row level security;
create policy of_tenant on webhook_deliveries using (mosis_sees(developer_id));
grant select, insert, update, delete on webhook_deliveries to mosis_api;

-- Down Migration
drop table webhook_deliveries;
