-- Up Migration

-- How long events of an app are kept and shown. Apps from before there was a retention have the default.
alter table apps_raw add column if not exists telemetry_days UInt16 default 180;

create or replace view app_names as
select app_id, developer_id, package_id, name, telemetry_days
from apps_raw final;

create or replace dictionary apps_dictionary (
  app_id UUID,
  developer_id UUID,
  package_id String,
  name String,
  telemetry_days UInt16 default 180
) primary key app_id
source(clickhouse(table 'app_names'))
layout(complex_key_hashed())
lifetime(min 30 max 60);

-- One row an event, as long as its app keeps it: what is older is not shown, although the next sweep has
-- yet to delete it. Of an app that is not known yet as long as the default.
create or replace view events as
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
  mapConcat(
    cast(properties_string as Map(String, String)),
    mapApply((k, v) -> (k, toString(v)), cast(properties_number as Map(String, Float64)))
  ) as properties,
  properties_string,
  properties_number
from events_raw final
where client_time + toIntervalMillisecond(clock_correction_ms)
  >= now64(3) - toIntervalDay(dictGetOrDefault('apps_dictionary', 'telemetry_days', app_id, toUInt16(180)));

-- Down Migration

create or replace view events as
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
  mapConcat(
    cast(properties_string as Map(String, String)),
    mapApply((k, v) -> (k, toString(v)), cast(properties_number as Map(String, Float64)))
  ) as properties,
  properties_string,
  properties_number
from events_raw final;

create or replace dictionary apps_dictionary (
  app_id UUID,
  developer_id UUID,
  package_id String,
  name String
) primary key app_id
source(clickhouse(table 'app_names'))
layout(complex_key_hashed())
lifetime(min 30 max 60);

create or replace view app_names as
select app_id, developer_id, package_id, name
from apps_raw final;

alter table apps_raw drop column if exists telemetry_days;
