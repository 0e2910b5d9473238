-- Up Migration
-- First the columns that Debezium's outbox event router knows, then those that the relay needs. A published
-- row is deleted, so the table stays as small as the backlog.
create table outbox (
  -- The trigger `outbox_take_position` draws it.
  position bigint primary key,
  id uuid not null,
  aggregate_type varchar(50) not null,
  aggregate_id varchar(255) not null,
  type varchar(100) not null,
  -- json, not jsonb: what was committed is published byte for byte.
  payload json,
  created_at timestamptz not null default now(),
  developer_id uuid not null,
  topic varchar(100) not null,
  record_key varchar(255) not null,
  transaction_id xid8 not null default pg_current_xact_id()
);
comment on table outbox is
  'What the relay has to publish to Kafka, written with the change that it tells of and deleted once '
  'published';
comment on column outbox.position is 'Place in the order: commit order within a developer';
comment on column outbox.id is 'UUIDv7, the id of the event';
comment on column outbox.aggregate_type is 'Kind of what has changed';
comment on column outbox.aggregate_id is 'Id of what has changed';
comment on column outbox.type is 'What has happened';
comment on column outbox.payload is 'Body of the record, as it is published; null: what it was about is gone';
comment on column outbox.created_at is 'When it was written';
comment on column outbox.developer_id is 'Account that it is about';
comment on column outbox.topic is 'Topic of Kafka that it goes to';
comment on column outbox.record_key is 'Key of its record';
comment on column outbox.transaction_id is 'Transaction that wrote it, for connectors that order by it';

create sequence outbox_position owned by outbox.position;

-- Every row is deleted soon after it was written, so vacuum goes by count and not by share of a table that is
-- nearly empty.
alter table outbox set (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 100000
);

alter table outbox enable row level security;
create policy of_tenant on outbox for insert to mosis_api with check (mosis_sees(developer_id));
-- The api does not set position, time and transaction of a row: the database does.
grant insert (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key)
  on outbox to mosis_api;
grant usage on sequence outbox_position to mosis_api;

-- The relay publishes rows and deletes them. It publishes states again, which the trigger writes, and makes
-- no audit event.
create policy of_relay on outbox for select to mosis_relay using (true);
create policy of_relay_published on outbox for delete to mosis_relay using (true);
create policy of_relay_states on outbox for insert to mosis_relay
  with check (topic in ('catalog.apps', 'catalog.keys', 'catalog.restrictions'));
grant select, insert (id, aggregate_type, aggregate_id, type, developer_id, topic, record_key), delete
  on outbox to mosis_relay;
-- Also `select` and `update`: after a restore the relay raises the position.
grant select, usage, update on sequence outbox_position to mosis_relay;

-- Webhooks reports that it has disabled a webhook, and nothing else.
create policy of_webhooks on outbox for insert to mosis_webhooks
  with check (topic = 'audit.events' and type = 'webhook.disabled');
grant insert (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key)
  on outbox to mosis_webhooks;
grant usage on sequence outbox_position to mosis_webhooks;

create table outbox_quarantine (
  position bigint primary key,
  id uuid not null,
  aggregate_type varchar(50) not null,
  aggregate_id varchar(255) not null,
  type varchar(100) not null,
  payload json,
  created_at timestamptz not null,
  developer_id uuid not null,
  topic varchar(100) not null,
  record_key varchar(255) not null,
  transaction_id xid8 not null,
  reason text not null,
  quarantined_at timestamptz not null default now()
);
comment on table outbox_quarantine is
  'Rows of the outbox that Kafka has refused, kept as they were until an operator decides';
comment on column outbox_quarantine.position is 'Place that the row had in the outbox';
comment on column outbox_quarantine.id is 'UUIDv7, the id of the event';
comment on column outbox_quarantine.aggregate_type is 'Kind of what has changed';
comment on column outbox_quarantine.aggregate_id is 'Id of what has changed';
comment on column outbox_quarantine.type is 'What has happened';
comment on column outbox_quarantine.payload is 'Body of the record; null: what it was about is gone';
comment on column outbox_quarantine.created_at is 'When it was written';
comment on column outbox_quarantine.developer_id is 'Account that it is about';
comment on column outbox_quarantine.topic is 'Topic of Kafka that refused it';
comment on column outbox_quarantine.record_key is 'Key of its record';
comment on column outbox_quarantine.transaction_id is 'Transaction that wrote it';
comment on column outbox_quarantine.reason is 'What Kafka answered';
comment on column outbox_quarantine.quarantined_at is 'When it was put here';
grant select (position),
  insert (position, id, aggregate_type, aggregate_id, type, payload, created_at, developer_id, topic,
          record_key, transaction_id, reason)
  on outbox_quarantine to mosis_relay;

-- The relay publishes all states again after another signing key, after a week, and when an operator deletes
-- the row.
create table state_publications (
  is_only_row boolean primary key default true check (is_only_row),
  signing_key varchar(32) not null,
  completed_at timestamptz not null
);
comment on table state_publications is
  'When the relay has last published all apps, keys and restrictions again; one row at most';
comment on column state_publications.is_only_row is 'Keeps a second row away';
comment on column state_publications.signing_key is 'Id of the key that signed them';
comment on column state_publications.completed_at is 'When that was done';
grant select (is_only_row, signing_key, completed_at), insert (signing_key, completed_at),
  update (signing_key, completed_at) on state_publications to mosis_relay;

-- Down Migration
drop table state_publications;
drop table outbox_quarantine;
drop table outbox;
