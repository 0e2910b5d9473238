-- Up Migration

-- One row a delivery, that is an acknowledged request. It is written after the events of its flush: whoever
-- sees it sees them. The newest row of a delivery holds, so that a replayed dead letter can mend what its
-- first try wrote.
create table if not exists ingest_batches_raw (
  app_id UUID codec(ZSTD(1)),
  batch_id UUID codec(ZSTD(1)),
  delivery_id UUID codec(NONE),
  received_at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
  key_id UUID codec(ZSTD(1)),
  accepted UInt32 codec(T64, ZSTD(1)),
  rejected UInt32 codec(T64, ZSTD(1)),
  warned UInt32 codec(T64, ZSTD(1)),
  discarded UInt64 codec(T64, ZSTD(1)),
  body_bytes UInt32 codec(T64, ZSTD(1)),
  clock_correction_ms Int64 codec(T64, ZSTD(1)),
  sdk_name LowCardinality(String) codec(ZSTD(1)),
  sdk_version LowCardinality(String) codec(ZSTD(1)),
  -- Records of its flush that ClickHouse refused; above 0, events of this delivery may be among them.
  dead_letters UInt32 default 0 codec(T64, ZSTD(1)),
  stored_at DateTime64(3, 'UTC') default now64(3) codec(Delta, ZSTD(1)),
  -- Receipts ask for one batch id, books for an app and a time: the key serves the books, this the receipts.
  index batch batch_id type bloom_filter(0.001) granularity 1
) engine = ReplacingMergeTree(stored_at)
partition by toYYYYMM(received_at)
order by (app_id, toStartOfHour(received_at), batch_id, delivery_id)
settings non_replicated_deduplication_window = 0;

create view if not exists ingest_batches as
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
  warned,
  discarded,
  dead_letters,
  body_bytes,
  clock_correction_ms,
  sdk_name,
  sdk_version
from ingest_batches_raw final;

-- Down Migration

drop view if exists ingest_batches;
drop table if exists ingest_batches_raw;
