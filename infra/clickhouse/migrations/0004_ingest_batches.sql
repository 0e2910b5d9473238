-- Up Migration

-- One row a delivery, that is an acknowledged request. It is written after the events of its flush: whoever
-- sees it sees them. The newest row of a delivery holds, so that a replayed dead letter can mend what its
-- first try wrote.
create table if not exists ingest_batches_raw (
  app_id UUID comment 'Id of the app' codec(ZSTD(1)),
  batch_id UUID comment 'Id of the batch, by its sender' codec(ZSTD(1)),
  delivery_id UUID comment 'Id of the delivery: one request of a batch' codec(NONE),
  received_at DateTime64(3, 'UTC') comment 'When ingest received it' codec(Delta, ZSTD(1)),
  key_id UUID comment 'Id of the key that sent it' codec(ZSTD(1)),
  accepted UInt32 comment 'Events that were accepted' codec(T64, ZSTD(1)),
  rejected UInt32 comment 'Events that were refused with a reason' codec(T64, ZSTD(1)),
  -- Deliveries from before there were restrictions have 0.
  dropped UInt32 default 0 comment 'Events that a restriction dropped' codec(T64, ZSTD(1)),
  warned UInt32 comment 'Accepted events with a warning' codec(T64, ZSTD(1)),
  discarded UInt64 comment 'Events that the client says it threw away before sending' codec(T64, ZSTD(1)),
  body_bytes UInt32 comment 'Bytes of the body as sent' codec(T64, ZSTD(1)),
  clock_correction_ms Int64
    comment 'What is added to times of the client, in milliseconds; 0 when its clock is right'
    codec(T64, ZSTD(1)),
  sdk_name LowCardinality(String) comment 'Name of the sending library' codec(ZSTD(1)),
  sdk_version LowCardinality(String) comment 'Version of the sending library' codec(ZSTD(1)),
  -- Above 0, events of this delivery may be among the records that ClickHouse refused.
  dead_letters UInt32 default 0
    comment 'Records of the same flush that ClickHouse refused' codec(T64, ZSTD(1)),
  stored_at DateTime64(3, 'UTC') default now64(3) comment 'When the writer stored it' codec(Delta, ZSTD(1)),
  -- Receipts ask for one batch id, and the books for an app and a time: the key serves the books, this index
  -- the receipts.
  index batch batch_id type bloom_filter(0.001) granularity 1
) engine = ReplacingMergeTree(stored_at)
partition by toYYYYMM(received_at)
order by (app_id, toStartOfHour(received_at), batch_id, delivery_id)
settings non_replicated_deduplication_window = 0
comment 'Deliveries, some several times, for 400 days; read the view ingest_batches';

-- Down Migration

drop table if exists ingest_batches_raw;
