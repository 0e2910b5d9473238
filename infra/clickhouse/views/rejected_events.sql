-- Create

create or replace view rejected_events (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  batch_id UUID comment 'Id of the batch, by its sender',
  delivery_id UUID comment 'Id of the delivery: one request of a batch',
  `index` UInt32 comment 'Place of the event in its batch, from 0',
  event_id String comment 'Id of the event as it was sent, empty when it was no text',
  code LowCardinality(String) comment 'Code of the reason',
  pointer String comment 'JSON pointer to the fault in the event',
  raw String comment 'The event as it came, cut to 32 KiB',
  context String comment 'What the batch says of all its events, as JSON',
  clock_correction_ms Int64
    comment 'What is added to times of the client, in milliseconds; 0 when its clock is right',
  replayed UInt8 comment 'Whether a replay has taken it',
  replayed_at Nullable(DateTime64(3, 'UTC')) comment 'When a replay took it'
) comment 'Events that were refused, as they came, kept 30 days' as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  received_at,
  batch_id,
  delivery_id,
  `index`,
  event_id,
  code,
  pointer,
  raw,
  context,
  clock_correction_ms,
  replay.replayed_at > toDateTime64(0, 3, 'UTC') as replayed,
  -- It is null when no replay has taken the event.
  nullIf(replay.replayed_at, toDateTime64(0, 3, 'UTC')) as replayed_at
from rejected_events_raw final
left join (
  select app_id, received_at, delivery_id, `index`, replayed_at from replayed_events_raw final
) as replay using (app_id, received_at, delivery_id, `index`);

create or replace view {analysts}.rejected_events (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  batch_id UUID comment 'Id of the batch, by its sender',
  delivery_id UUID comment 'Id of the delivery: one request of a batch',
  `index` UInt32 comment 'Place of the event in its batch, from 0',
  event_id String comment 'Id of the event as it was sent, empty when it was no text',
  code LowCardinality(String) comment 'Code of the reason',
  pointer String comment 'JSON pointer to the fault in the event',
  replayed UInt8 comment 'Whether a replay has taken it',
  replayed_at Nullable(DateTime64(3, 'UTC')) comment 'When a replay took it'
) comment 'Events that were refused, as they came, kept 30 days' as
select
  app_id, package_id, received_at, batch_id, delivery_id, `index`, event_id, code, pointer, replayed,
  replayed_at
from rejected_events;

-- Drop

drop view if exists {analysts}.rejected_events;
drop view if exists rejected_events;
