-- Up Migration

-- One row an event that was refused, for each delivery that brought it. It is kept for 30 days, in daily
-- partitions, so that expired rows go as whole parts.
create table if not exists rejected_events_raw (
  app_id UUID comment 'Id of the app' codec(ZSTD(1)),
  received_at DateTime64(3, 'UTC') comment 'When ingest received it' codec(Delta, ZSTD(1)),
  batch_id UUID comment 'Id of the batch, by its sender' codec(ZSTD(1)),
  delivery_id UUID comment 'Id of the delivery: one request of a batch' codec(ZSTD(1)),
  `index` UInt32 comment 'Place of the event in its batch, from 0' codec(T64, ZSTD(1)),
  event_id String comment 'Id of the event as it was sent, empty when it was no text' codec(ZSTD(1)),
  code LowCardinality(String) comment 'Code of the reason' codec(ZSTD(1)),
  pointer String comment 'JSON pointer to the fault in the event' codec(ZSTD(1)),
  raw String comment 'The event as it came, cut to 32 KiB' codec(ZSTD(3)),
  -- A replay needs what all events of the batch share, and what was added to their times.
  context String default '' comment 'What the batch says of all its events, as JSON' codec(ZSTD(3)),
  clock_correction_ms Int64 default 0
    comment 'What is added to times of the client, in milliseconds; 0 when its clock is right'
    codec(T64, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMMDD(received_at)
order by (app_id, received_at, delivery_id, `index`)
ttl toDateTime(received_at) + interval 30 day delete
settings non_replicated_deduplication_window = 0, ttl_only_drop_parts = 1
comment 'Refused events; read the view rejected_events';

-- The text of an ended mutation may name an install that was erased; see events_raw.
alter table rejected_events_raw modify setting finished_mutations_to_keep = 1;

-- The rejected events that a replay has taken, by the key of their row; a mark ends with its event. It is a
-- table of its own, because the writer may insert a rejected event again at any time, which would take a mark
-- in its row away.
create table if not exists replayed_events_raw (
  app_id UUID comment 'Id of the app' codec(ZSTD(1)),
  received_at DateTime64(3, 'UTC') comment 'When ingest received it' codec(Delta, ZSTD(1)),
  delivery_id UUID comment 'Id of the delivery: one request of a batch' codec(ZSTD(1)),
  `index` UInt32 comment 'Place of the event in its batch, from 0' codec(T64, ZSTD(1)),
  replayed_at DateTime64(3, 'UTC') comment 'When a replay took it' codec(Delta, ZSTD(1)),
  key_id UUID comment 'Id of the key that replayed it' codec(ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMMDD(received_at)
order by (app_id, received_at, delivery_id, `index`)
ttl toDateTime(received_at) + interval 30 day delete
settings non_replicated_deduplication_window = 0, ttl_only_drop_parts = 1
comment 'Which refused events a replay has taken; kept 30 days';

-- Down Migration

drop table if exists replayed_events_raw;
drop table if exists rejected_events_raw;
