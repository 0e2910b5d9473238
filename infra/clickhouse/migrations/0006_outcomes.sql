-- Up Migration

-- What became of telemetry beyond plain acceptance: a few rows for deliveries that have any of it, and counts
-- of refused batches. Written before the deliveries of its flush: whoever sees a delivery sees its outcomes.
-- Kept as long as the deliveries, for the books of old times.
create table if not exists outcomes_raw (
  app_id UUID codec(ZSTD(1)),
  received_at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
  delivery_id UUID codec(ZSTD(1)),
  outcome LowCardinality(String) codec(ZSTD(1)),
  reason LowCardinality(String) codec(ZSTD(1)),
  `count` UInt64 codec(T64, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(received_at)
-- The delivery makes a second copy of a block fall onto the first; hour and app serve the books.
order by (app_id, toStartOfHour(received_at), delivery_id, outcome, reason)
settings non_replicated_deduplication_window = 0;

-- The books: sum(count) by outcome, reason and any time. sum(received) counts every event that came once:
-- a replayed one is in rejected, and in accepted too. Warnings are left out, they are of accepted events.
create view if not exists outcomes as
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

-- Accepted events by the warning they carry; one may carry two.
create view if not exists warnings as
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

-- What was delivered before there were reasons has its counts in the deliveries.
insert into outcomes_raw (app_id, received_at, delivery_id, outcome, reason, `count`)
select app_id, received_at, delivery_id, 'rejected', '', rejected
from ingest_batches_raw final where rejected > 0;
insert into outcomes_raw (app_id, received_at, delivery_id, outcome, reason, `count`)
select app_id, received_at, delivery_id, 'discarded', '', discarded
from ingest_batches_raw final where discarded > 0;

-- Down Migration

drop view if exists warnings;
drop view if exists outcomes;
drop table if exists outcomes_raw;
