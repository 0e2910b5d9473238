-- Up Migration

-- The audit trail: one row a change in the catalog, kept for good. No partitions: tens of millions of rows
-- in all, read by developer. event_id alone would not sort by time, ClickHouse compares UUIDs by their
-- second half first.
create table if not exists audit_events_raw (
  event_id UUID codec(ZSTD(1)),
  developer_id UUID codec(ZSTD(1)),
  -- Commit order within a developer. Clocks of several processes disagree, this does not.
  position UInt64 codec(Delta, ZSTD(1)),
  occurred_at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
  actor_kind LowCardinality(String) codec(ZSTD(1)),
  actor_id String codec(ZSTD(1)),
  action LowCardinality(String) codec(ZSTD(1)),
  target_type LowCardinality(String) codec(ZSTD(1)),
  target_id String codec(ZSTD(1)),
  request_id String codec(ZSTD(1)),
  -- JSON, as it was published.
  payload String codec(ZSTD(3)),
  index occurred occurred_at type minmax granularity 1
) engine = ReplacingMergeTree
order by (developer_id, position, event_id)
settings non_replicated_deduplication_window = 0;

create view if not exists audit_events as
select
  event_id,
  developer_id,
  position,
  occurred_at,
  actor_kind,
  actor_id,
  action,
  target_type,
  target_id,
  request_id,
  payload
from audit_events_raw final;

-- Down Migration

drop view if exists audit_events;
drop table if exists audit_events_raw;
