-- Up Migration

-- One row a change in the catalog. There are no partitions: tens of millions of rows in all, read by
-- developer. event_id would not sort by time, because ClickHouse compares UUIDs by their second half first.
create table if not exists audit_events_raw (
  event_id UUID comment 'Id of the audit event' codec(ZSTD(1)),
  developer_id UUID comment 'Id of the developer whose it is' codec(ZSTD(1)),
  -- Commit order within a developer. Clocks of several processes disagree, this does not.
  position UInt64 comment 'Place of the change in the order of commits' codec(Delta, ZSTD(1)),
  occurred_at DateTime64(3, 'UTC')
    comment 'When it happened, by the clock of the process that did it' codec(Delta, ZSTD(1)),
  actor_kind LowCardinality(String) comment 'What did it: key, session, operator or system' codec(ZSTD(1)),
  actor_id String comment 'Id of the key or session that did it, else empty' codec(ZSTD(1)),
  action LowCardinality(String) comment 'What was done, as app.created' codec(ZSTD(1)),
  target_type LowCardinality(String) comment 'What kind of thing was changed' codec(ZSTD(1)),
  target_id String comment 'Id of what was changed' codec(ZSTD(1)),
  request_id String comment 'Id of the request that did it' codec(ZSTD(1)),
  payload String
    comment 'The thing after the change, as JSON; of a deleted account without what tells of a person'
    codec(ZSTD(3)),
  index occurred occurred_at type minmax granularity 1
) engine = ReplacingMergeTree
order by (developer_id, position, event_id)
settings non_replicated_deduplication_window = 0
comment 'The audit trail, for good; read the view audit_events';

-- Down Migration

drop table if exists audit_events_raw;
