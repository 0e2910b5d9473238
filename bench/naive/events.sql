create table bench_naive_events (
  app_id UUID,
  event_id UUID,
  session_id UUID,
  install_id UUID,
  name LowCardinality(String),
  kind LowCardinality(String),
  time DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  version_code UInt32,
  os LowCardinality(String),
  os_version LowCardinality(String),
  device_model LowCardinality(String),
  locale LowCardinality(String),
  country LowCardinality(String),
  network LowCardinality(String),
  mosis_version LowCardinality(String),
  duration_ms UInt32,
  properties Map(String, String)
) engine = MergeTree
partition by toYYYYMM(time)
order by (app_id, name, time)
