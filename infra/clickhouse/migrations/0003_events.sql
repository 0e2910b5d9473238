-- Up Migration

-- Here an event may stand several times: once for each delivery.
create table if not exists events_raw (
  app_id UUID comment 'Id of the app' codec(ZSTD(1)),
  session_id UUID comment 'Id of the session, zeros without one' codec(ZSTD(1)),
  -- T64 leaves out the bits that are zero in the differences between times.
  client_time DateTime64(3, 'UTC')
    comment 'When it happened by the clock of the client' codec(Delta, T64, ZSTD(1)),
  -- 48 random bits do not compress: T64 stores them in 6 bytes. Older keys have 64 bits.
  event_key UInt64 comment '48 bits of the event id' codec(T64),
  clock_correction_ms Int64
    comment 'What is added to times of the client, in milliseconds; 0 when its clock is right'
    codec(T64, ZSTD(1)),
  received_delay_ms Int64 comment 'Milliseconds from client_time to its receipt' codec(T64, ZSTD(1)),
  name LowCardinality(String) comment 'Name of the event' codec(ZSTD(3)),
  kind Enum8('event' = 1, 'screen' = 2, 'perf' = 3, 'error' = 4, 'crash' = 5)
    comment 'Kind of the event: event, screen, perf, error or crash' codec(ZSTD(1)),
  install_id UUID comment 'Id of the install, zeros when not known' codec(ZSTD(1)),
  version_code UInt32 comment 'Version code of the app, 0 when not known' codec(T64, ZSTD(1)),
  os LowCardinality(String) comment 'Operating system' codec(ZSTD(1)),
  os_version LowCardinality(String) comment 'Version of the operating system' codec(ZSTD(1)),
  device_model LowCardinality(String) comment 'Model of the device' codec(ZSTD(1)),
  locale LowCardinality(String) comment 'Language and region of the user, as de-DE' codec(ZSTD(1)),
  country LowCardinality(String) comment 'ISO 3166-1 code of the country' codec(ZSTD(1)),
  network LowCardinality(String) comment 'Kind of network, as wifi' codec(ZSTD(1)),
  mosis_version LowCardinality(String)
    comment 'Version of the Mosis SDK or store on the device' codec(ZSTD(1)),
  duration_ms UInt32 comment 'How long it took, in milliseconds; 0 when not told' codec(T64, ZSTD(1)),
  -- ZSTD(3) takes a quarter off these strings and cost no CPU that could be measured.
  properties_string Map(LowCardinality(String), String) comment 'Properties that are texts' codec(ZSTD(3)),
  properties_number Map(LowCardinality(String), Float64)
    comment 'Properties that are numbers, true as 1 and false as 0' codec(ZSTD(1)),
  -- A range of event time reads few granules although the key has the client's own time.
  index event_time_range client_time + toIntervalMillisecond(clock_correction_ms) type minmax granularity 1,
  -- A Native block can carry any number as an Enum8, and one such row breaks every query that reads the
  -- column.
  constraint kind_is_known check toInt8(kind) between 1 and 5
-- An event shows the delivery that was received last. Only the rows decide that, so inserting one of them
-- again, in whatever order, changes nothing.
) engine = ReplacingMergeTree(received_delay_ms)
-- The partition follows the client's own time, because every delivery of an event has the same. Wrong clocks
-- outside of 15 years share one partition, so that there are never more than 181.
partition by if(client_time >= '2026-01-01' and client_time < '2041-01-01', toYYYYMM(client_time), 0)
-- Identity is app, session, client_time and event_key. Month and hour follow from client_time. The month is
-- the same in a whole part, so it costs nothing; with it, ranges of different partitions never overlap, and
-- without it one clock that is years off makes FINAL read all of an app whatever the time range (55 of 55
-- granules instead of 14 of 54). The hour keeps a time range together, and the session lets its rows compress
-- to almost nothing.
order by (
  if(client_time >= '2026-01-01' and client_time < '2041-01-01', toYYYYMM(client_time), 0),
  app_id, toStartOfHour(client_time), session_id, client_time, event_key
)
-- A duplicate is known by its key. A window of remembered inserts lost acknowledged rows under kill -9.
settings non_replicated_deduplication_window = 0
comment 'What every delivery of an event brought; read the view events';

-- A mutation that has ended is kept as the text it was given, and what deletes an install names it. The
-- default keeps the last hundred; here one is left.
alter table events_raw modify setting finished_mutations_to_keep = 1;

-- Down Migration

drop table if exists events_raw;
