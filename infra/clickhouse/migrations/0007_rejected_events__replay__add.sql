-- Up Migration

-- What a replay needs of the batch: what all its events share, and what was added to their times.
alter table rejected_events_raw
  add column if not exists context String default '' codec(ZSTD(3)),
  add column if not exists clock_correction_ms Int64 default 0 codec(T64, ZSTD(1));

-- Which rejected events a replay has taken, by the key of their row; it ends when they end. A table of its
-- own, because the writer may insert a rejected event again at any time, which would take a mark in its row
-- away.
create table if not exists replayed_events_raw (
  app_id UUID codec(ZSTD(1)),
  received_at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
  delivery_id UUID codec(ZSTD(1)),
  `index` UInt32 codec(T64, ZSTD(1)),
  replayed_at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
  key_id UUID codec(ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMMDD(received_at)
order by (app_id, received_at, delivery_id, `index`)
ttl toDateTime(received_at) + interval 30 day delete
settings non_replicated_deduplication_window = 0, ttl_only_drop_parts = 1;

create or replace view rejected_events as
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
  -- Null: not replayed.
  nullIf(replay.replayed_at, toDateTime64(0, 3, 'UTC')) as replayed_at
from rejected_events_raw final
left join (
  select app_id, received_at, delivery_id, `index`, replayed_at from replayed_events_raw final
) as replay using (app_id, received_at, delivery_id, `index`);

-- Down Migration

create or replace view rejected_events as
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

drop table if exists replayed_events_raw;

alter table rejected_events_raw drop column if exists clock_correction_ms, drop column if exists context;
