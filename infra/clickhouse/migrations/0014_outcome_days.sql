-- Up Migration

-- Single deliveries and their outcomes are kept for 400 days (WRITER_DELIVERIES_DAYS). What a month of older
-- ones comes to is one row a day, app, outcome and reason here, for good: the books of every day stay.
create table if not exists outcome_days_raw (
  app_id UUID comment 'Id of the app' codec(ZSTD(1)),
  day Date comment 'Day (UTC) that ingest received it' codec(Delta, ZSTD(1)),
  outcome LowCardinality(String)
    comment 'accepted, rejected, dropped, replayed, refused, discarded or warned' codec(ZSTD(1)),
  reason LowCardinality(String)
    comment 'Code of the reason; empty for accepted, and for how many events were warned' codec(ZSTD(1)),
  `count` UInt64 comment 'How many' codec(T64, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(day)
order by (app_id, day, outcome, reason)
settings non_replicated_deduplication_window = 0
comment 'The books of days whose single deliveries are gone';

-- A month that stands here is read from outcome_days_raw by every view, and from no delivery: the views
-- change over at once, between the sums and the deletion.
create table if not exists folded_months_raw (
  month UInt32 comment 'The month (UTC), as 202611',
  folded_at DateTime64(3, 'UTC') comment 'When it was summed up'
) engine = ReplacingMergeTree(folded_at)
order by month
settings non_replicated_deduplication_window = 0
comment 'Months whose deliveries were summed up by day';

create or replace view ingest_batches as
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

create or replace view outcomes as
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
-- Of a day that was summed up everything stands at its beginning, and is of no delivery.
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

create or replace view warnings as
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

-- How many events had a warning: one may have two, so the warnings are no sum.
create view if not exists warned_events as
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

alter table warned_events
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `count` 'How many';
alter table warned_events modify comment 'Accepted events with a warning, each counted once';
alter table ingest_batches
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `batch_id` 'Id of the batch, by its sender',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `received_at` 'When ingest received it',
  comment column `stored_at` 'When the writer stored it',
  comment column `key_id` 'Id of the key that sent it',
  comment column `accepted` 'Events that were accepted',
  comment column `rejected` 'Events that were refused with a reason',
  comment column `dropped` 'Events that a restriction dropped',
  comment column `warned` 'Accepted events with a warning',
  comment column `discarded` 'Events that the client says it threw away before sending',
  comment column `dead_letters` 'Records of the same flush that ClickHouse refused',
  comment column `body_bytes` 'Bytes of the body as sent',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `sdk_name` 'Name of the sending library',
  comment column `sdk_version` 'Version of the sending library';
alter table ingest_batches modify comment
  'One row a delivery, that is an acknowledged request, until its month is summed up';
alter table outcomes
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `minute` 'Minute of received_at',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `outcome` 'accepted, rejected, dropped, replayed, refused, discarded or warned',
  comment column `reason` 'Code of the reason, empty for accepted',
  comment column `count` 'How many',
  comment column `received` 'How many of them came for the first time: a replay is subtracted';
alter table outcomes modify comment
  'The books: what became of events and of refused batches, by reason and time';
alter table warnings
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `minute` 'Minute of received_at',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `code` 'Code of the warning',
  comment column `count` 'How many';
alter table warnings modify comment 'Accepted events by the warning that they carry; one may carry two';

-- How long what grows is kept, where tools show it.
alter table ingest_batches_raw modify comment
  'Deliveries, some several times, for 400 days; read the view ingest_batches';
alter table outcomes_raw modify comment
  'Outcomes beyond plain acceptance, for 400 days; read the view outcomes';
alter table audit_events_raw modify comment
  'The audit trail, for good; read the view audit_events';
alter table replayed_events_raw modify comment 'Which refused events a replay has taken; kept 30 days';

-- Down Migration

alter table replayed_events_raw modify comment 'Which refused events a replay has taken';
alter table audit_events_raw modify comment 'The audit trail; read the view audit_events';
alter table outcomes_raw modify comment 'Outcomes beyond plain acceptance; read the view outcomes';
alter table ingest_batches_raw modify comment 'Deliveries, some several times; read the view ingest_batches';

drop view if exists warned_events;

create or replace view warnings as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  received_at,
  toStartOfMinute(received_at) as minute,
  delivery_id,
  toString(reason) as code,
  `count`
from outcomes_raw final
where outcome = 'warned';

create or replace view outcomes as
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
where accepted > 0
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
where outcome <> 'warned';

create or replace view ingest_batches as
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
from ingest_batches_raw final;

alter table ingest_batches
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `batch_id` 'Id of the batch, by its sender',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `received_at` 'When ingest received it',
  comment column `stored_at` 'When the writer stored it',
  comment column `key_id` 'Id of the key that sent it',
  comment column `accepted` 'Events that were accepted',
  comment column `rejected` 'Events that were refused with a reason',
  comment column `dropped` 'Events that a restriction dropped',
  comment column `warned` 'Accepted events with a warning',
  comment column `discarded` 'Events that the client says it threw away before sending',
  comment column `dead_letters` 'Records of the same flush that ClickHouse refused',
  comment column `body_bytes` 'Bytes of the body as sent',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `sdk_name` 'Name of the sending library',
  comment column `sdk_version` 'Version of the sending library';
alter table ingest_batches modify comment 'One row a delivery, that is an acknowledged request';
alter table outcomes
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `minute` 'Minute of received_at',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `outcome` 'accepted, rejected, dropped, replayed, refused, discarded or warned',
  comment column `reason` 'Code of the reason, empty for accepted',
  comment column `count` 'How many',
  comment column `received` 'How many of them came for the first time: a replay is subtracted';
alter table outcomes modify comment
  'The books: what became of events and of refused batches, by reason and time';
alter table warnings
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `minute` 'Minute of received_at',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `code` 'Code of the warning',
  comment column `count` 'How many';
alter table warnings modify comment 'Accepted events by the warning that they carry; one may carry two';

drop table if exists folded_months_raw;
drop table if exists outcome_days_raw;
