-- Up Migration

-- One row an event that was refused, for each delivery that brought it. Kept 30 days, in daily partitions
-- so that expired rows go as whole parts.
create table if not exists rejected_events_raw (
  app_id UUID codec(ZSTD(1)),
  received_at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
  batch_id UUID codec(ZSTD(1)),
  delivery_id UUID codec(ZSTD(1)),
  `index` UInt32 codec(T64, ZSTD(1)),
  event_id String codec(ZSTD(1)),
  code LowCardinality(String) codec(ZSTD(1)),
  pointer String codec(ZSTD(1)),
  raw String codec(ZSTD(3))
) engine = ReplacingMergeTree
partition by toYYYYMMDD(received_at)
order by (app_id, received_at, delivery_id, `index`)
ttl toDateTime(received_at) + interval 30 day delete
settings non_replicated_deduplication_window = 0, ttl_only_drop_parts = 1;

create view if not exists rejected_events as
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
  raw
from rejected_events_raw final;

-- Down Migration

drop view if exists rejected_events;
drop table if exists rejected_events_raw;
