-- Up Migration

-- What every delivery of an event brought. Read the view `events`: here an event may stand several times.
create table if not exists events_raw (
  app_id UUID codec(ZSTD(1)),
  session_id UUID codec(ZSTD(1)),
  client_time DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
  -- Random bits do not compress: 8 of the 21.5 bytes of a row, and trying costs CPU.
  event_key UInt64 codec(NONE),
  clock_correction_ms Int64 codec(T64, ZSTD(1)),
  received_delay_ms Int64 codec(T64, ZSTD(1)),
  name LowCardinality(String) codec(ZSTD(3)),
  kind Enum8('event' = 1, 'screen' = 2, 'perf' = 3, 'error' = 4, 'crash' = 5) codec(ZSTD(1)),
  install_id UUID codec(ZSTD(1)),
  version_code UInt32 codec(T64, ZSTD(1)),
  os LowCardinality(String) codec(ZSTD(1)),
  os_version LowCardinality(String) codec(ZSTD(1)),
  device_model LowCardinality(String) codec(ZSTD(1)),
  locale LowCardinality(String) codec(ZSTD(1)),
  country LowCardinality(String) codec(ZSTD(1)),
  network LowCardinality(String) codec(ZSTD(1)),
  mosis_version LowCardinality(String) codec(ZSTD(1)),
  duration_ms UInt32 codec(T64, ZSTD(1)),
  -- ZSTD(3) takes a quarter off these strings and cost no CPU that could be measured.
  properties_string Map(LowCardinality(String), String) codec(ZSTD(3)),
  properties_number Map(LowCardinality(String), Float64) codec(ZSTD(1)),
  -- A range of event time reads few granules although the key has the client's own time.
  index event_time_range client_time + toIntervalMillisecond(clock_correction_ms) type minmax granularity 1,
  -- A Native block can carry any number as an Enum8, and one such row breaks every query that reads the
  -- column.
  constraint kind_is_known check toInt8(kind) between 1 and 5
-- Of several deliveries the one that was received last is shown: decided by the rows alone, so that
-- inserting one of them again, in whatever order, changes nothing.
) engine = ReplacingMergeTree(received_delay_ms)
-- By the client's own time, because every delivery of an event has the same. Wrong clocks outside of 15
-- years share one partition, so that there are never more than 181.
partition by if(client_time >= '2026-01-01' and client_time < '2041-01-01', toYYYYMM(client_time), 0)
-- Identity: app, session, client_time, event_key. Month and hour follow from client_time. The month is the
-- same in a whole part, so it costs nothing; with it, ranges of different partitions never overlap, without
-- it one clock that is years off makes FINAL read all of an app whatever the time range (55 of 55 granules
-- instead of 14 of 54). The hour keeps a time range together, the session lets its rows compress to almost
-- nothing.
order by (
  if(client_time >= '2026-01-01' and client_time < '2041-01-01', toYYYYMM(client_time), 0),
  app_id, toStartOfHour(client_time), session_id, client_time, event_key
)
-- A duplicate is known by its key. A window of remembered inserts lost acknowledged rows under kill -9.
settings non_replicated_deduplication_window = 0;

-- One row an event.
create view if not exists events as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  event_key,
  name,
  kind,
  client_time + toIntervalMillisecond(clock_correction_ms) as event_time,
  client_time + toIntervalMillisecond(received_delay_ms) as received_at,
  client_time,
  clock_correction_ms,
  install_id,
  session_id,
  version_code,
  os,
  os_version,
  device_model,
  locale,
  country,
  network,
  mosis_version,
  duration_ms,
  -- Both maps as text; a number that is also a string of the same name cannot be, a property has one type.
  mapConcat(
    cast(properties_string as Map(String, String)),
    mapApply((k, v) -> (k, toString(v)), cast(properties_number as Map(String, Float64)))
  ) as properties,
  properties_string,
  properties_number
from events_raw final;

-- Down Migration

drop view if exists events;
drop table if exists events_raw;
