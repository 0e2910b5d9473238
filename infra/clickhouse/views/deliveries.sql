-- Create

-- Every view of deliveries reads a month that stands in folded_months_raw from outcome_days_raw, and any
-- other from the deliveries: all change over at once, between the sums and the deletion.
create or replace view ingest_batches (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  batch_id UUID comment 'Id of the batch, by its sender',
  delivery_id UUID comment 'Id of the delivery: one request of a batch',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  stored_at DateTime64(3, 'UTC') comment 'When the writer stored it',
  key_id UUID comment 'Id of the key that sent it',
  accepted UInt32 comment 'Events that were accepted',
  rejected UInt32 comment 'Events that were refused with a reason',
  dropped UInt32 comment 'Events that a restriction dropped',
  warned UInt32 comment 'Accepted events with a warning',
  discarded UInt64 comment 'Events that the client says it threw away before sending',
  dead_letters UInt32 comment 'Records of the same flush that ClickHouse refused',
  body_bytes UInt32 comment 'Bytes of the body as sent',
  clock_correction_ms Int64
    comment 'What is added to times of the client, in milliseconds; 0 when its clock is right',
  sdk_name LowCardinality(String) comment 'Name of the sending library',
  sdk_version LowCardinality(String) comment 'Version of the sending library'
) comment 'One row a delivery, that is an acknowledged request, until its month is summed up' as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  batch_id,
  delivery_id,
  received_at,
  stored_at,
  key_id,
  accepted,
  rejected,
  dropped,
  warned,
  discarded,
  dead_letters,
  body_bytes,
  clock_correction_ms,
  sdk_name,
  sdk_version
from ingest_batches_raw final
where toYYYYMM(received_at) not in (select month from folded_months_raw);

-- The books are sum(count) by outcome, reason and any time. sum(received) counts every event that came once:
-- a replayed one is in rejected, and in accepted too. Warnings are left out, because they belong to accepted
-- events.
create or replace view outcomes (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  minute DateTime('UTC') comment 'Minute of received_at',
  delivery_id UUID comment 'Id of the delivery: one request of a batch',
  outcome String
    comment 'accepted, rejected, dropped, replayed, refused, discarded, warned; or lost: records of Kafka',
  reason String comment 'Code of the reason, empty for accepted',
  `count` UInt64 comment 'How many',
  received Int64 comment 'How many of them came for the first time: a replay is subtracted'
) comment 'The books: what became of events and of refused batches, by reason and time' as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  received_at,
  toStartOfMinute(received_at) as minute,
  delivery_id,
  'accepted' as outcome,
  '' as reason,
  toUInt64(accepted) as `count`,
  toInt64(accepted) as received
from ingest_batches_raw final
where accepted > 0 and toYYYYMM(received_at) not in (select month from folded_months_raw)
union all
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  received_at,
  toStartOfMinute(received_at) as minute,
  delivery_id,
  toString(outcome) as outcome,
  toString(reason) as reason,
  `count`,
  transform(outcome, ['rejected', 'dropped', 'replayed'], [1, 1, -1], 0) * toInt64(`count`) as received
from outcomes_raw final
where outcome <> 'warned' and toYYYYMM(received_at) not in (select month from folded_months_raw)
union all
-- All of a day that was summed up stands at its beginning, and belongs to no delivery.
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  toDateTime64(day, 3, 'UTC') as received_at,
  toStartOfMinute(received_at) as minute,
  toUUID('00000000-0000-0000-0000-000000000000') as delivery_id,
  toString(outcome) as outcome,
  toString(reason) as reason,
  `count`,
  transform(outcome, ['accepted', 'rejected', 'dropped', 'replayed'], [1, 1, 1, -1], 0) * toInt64(`count`)
    as received
from outcome_days_raw final
where outcome <> 'warned' and toYYYYMM(day) in (select month from folded_months_raw);

create or replace view warnings (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  minute DateTime('UTC') comment 'Minute of received_at',
  delivery_id UUID comment 'Id of the delivery: one request of a batch',
  code LowCardinality(String) comment 'Code of the warning',
  `count` UInt64 comment 'How many'
) comment 'Accepted events by the warning that they carry; one may carry two' as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  received_at,
  toStartOfMinute(received_at) as minute,
  delivery_id,
  toString(reason) as code,
  `count`
from outcomes_raw final
where outcome = 'warned' and toYYYYMM(received_at) not in (select month from folded_months_raw)
union all
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  toDateTime64(day, 3, 'UTC') as received_at,
  toStartOfMinute(received_at) as minute,
  toUUID('00000000-0000-0000-0000-000000000000') as delivery_id,
  toString(reason) as code,
  `count`
from outcome_days_raw final
where outcome = 'warned' and reason <> '' and toYYYYMM(day) in (select month from folded_months_raw);

-- An event may have two warnings, so the number of events with one is no sum of `warnings`.
create or replace view warned_events (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  `count` UInt64 comment 'How many'
) comment 'Accepted events with a warning, each counted once' as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  received_at,
  toUInt64(warned) as `count`
from ingest_batches_raw final
where warned > 0 and toYYYYMM(received_at) not in (select month from folded_months_raw)
union all
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  toDateTime64(day, 3, 'UTC') as received_at,
  `count`
from outcome_days_raw final
where outcome = 'warned' and reason = '' and toYYYYMM(day) in (select month from folded_months_raw);

create or replace view {analysts}.ingest_batches (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  batch_id UUID comment 'Id of the batch, by its sender',
  delivery_id UUID comment 'Id of the delivery: one request of a batch',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  stored_at DateTime64(3, 'UTC') comment 'When the writer stored it',
  key_id UUID comment 'Id of the key that sent it',
  accepted UInt32 comment 'Events that were accepted',
  rejected UInt32 comment 'Events that were refused with a reason',
  dropped UInt32 comment 'Events that a restriction dropped',
  warned UInt32 comment 'Accepted events with a warning',
  discarded UInt64 comment 'Events that the client says it threw away before sending',
  dead_letters UInt32 comment 'Records of the same flush that ClickHouse refused',
  body_bytes UInt32 comment 'Bytes of the body as sent',
  clock_correction_ms Int64
    comment 'What is added to times of the client, in milliseconds; 0 when its clock is right',
  sdk_name LowCardinality(String) comment 'Name of the sending library',
  sdk_version LowCardinality(String) comment 'Version of the sending library'
) comment 'One row a delivery, that is an acknowledged request' as
select
  app_id, package_id, batch_id, delivery_id, received_at, stored_at, key_id, accepted, rejected, dropped,
  warned, discarded, dead_letters, body_bytes, clock_correction_ms, sdk_name, sdk_version
from ingest_batches;

create or replace view {analysts}.outcomes (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  minute DateTime('UTC') comment 'Minute of received_at',
  delivery_id UUID comment 'Id of the delivery: one request of a batch',
  outcome String
    comment 'accepted, rejected, dropped, replayed, refused, discarded, warned; or lost: records of Kafka',
  reason String comment 'Code of the reason, empty for accepted',
  `count` UInt64 comment 'How many',
  received Int64 comment 'How many of them came for the first time: a replay is subtracted'
) comment 'The books: what became of events and of refused batches, by reason and time' as
select
  app_id, package_id, received_at, minute, delivery_id, outcome, reason, `count`, received
from outcomes;

create or replace view {analysts}.warnings (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  minute DateTime('UTC') comment 'Minute of received_at',
  delivery_id UUID comment 'Id of the delivery: one request of a batch',
  code LowCardinality(String) comment 'Code of the warning',
  `count` UInt64 comment 'How many'
) comment 'Accepted events by the warning that they carry; one may carry two' as
select
  app_id, package_id, received_at, minute, delivery_id, code, `count`
from warnings;

-- Drop

drop view if exists {analysts}.warnings;
drop view if exists {analysts}.outcomes;
drop view if exists {analysts}.ingest_batches;
drop view if exists warned_events;
drop view if exists warnings;
drop view if exists outcomes;
drop view if exists ingest_batches;
