-- Create

-- An event is shown as long as its app keeps it: what is older is not, although the next sweep has yet to
-- delete it. An app that is not known yet keeps events as long as the default says.
-- In `properties` both maps are texts. No number can have the name of a string: a property has one type.
create or replace view events (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  event_key UInt64 comment '48 bits of the event id',
  name LowCardinality(String) comment 'Name of the event',
  kind Enum8('event' = 1, 'screen' = 2, 'perf' = 3, 'error' = 4, 'crash' = 5)
    comment 'Kind of the event: event, screen, perf, error or crash',
  event_time DateTime64(3, 'UTC') comment 'When it happened, corrected if the clock of the client was off',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  client_time DateTime64(3, 'UTC') comment 'When it happened by the clock of the client',
  clock_correction_ms Int64
    comment 'What is added to times of the client, in milliseconds; 0 when its clock is right',
  install_id UUID comment 'Id of the install, zeros when not known',
  session_id UUID comment 'Id of the session, zeros without one',
  version_code UInt32 comment 'Version code of the app, 0 when not known',
  os LowCardinality(String) comment 'Operating system',
  os_version LowCardinality(String) comment 'Version of the operating system',
  device_model LowCardinality(String) comment 'Model of the device',
  locale LowCardinality(String) comment 'Language and region of the user, as de-DE',
  country LowCardinality(String) comment 'ISO 3166-1 code of the country',
  network LowCardinality(String) comment 'Kind of network, as wifi',
  mosis_version LowCardinality(String) comment 'Version of the Mosis SDK or store on the device',
  duration_ms UInt32 comment 'How long it took, in milliseconds; 0 when not told',
  properties Map(String, String) comment 'All properties as text',
  properties_string Map(LowCardinality(String), String) comment 'Properties that are texts',
  properties_number Map(LowCardinality(String), Float64)
    comment 'Properties that are numbers, true as 1 and false as 0'
) comment 'One row an event, as long as its app keeps it' as
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

create or replace view {analysts}.events (
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  event_key UInt64 comment '48 bits of the event id',
  name LowCardinality(String) comment 'Name of the event',
  kind String comment 'Kind of the event: event, screen, perf, error or crash',
  event_time DateTime64(3, 'UTC') comment 'When it happened, corrected if the clock of the client was off',
  received_at DateTime64(3, 'UTC') comment 'When ingest received it',
  client_time DateTime64(3, 'UTC') comment 'When it happened by the clock of the client',
  clock_correction_ms Int64
    comment 'What is added to times of the client, in milliseconds; 0 when its clock is right',
  session_id UUID comment 'Id of the session, zeros without one',
  version_code UInt32 comment 'Version code of the app, 0 when not known',
  os LowCardinality(String) comment 'Operating system',
  os_version LowCardinality(String) comment 'Version of the operating system',
  device_model LowCardinality(String) comment 'Model of the device',
  locale LowCardinality(String) comment 'Language and region of the user, as de-DE',
  country LowCardinality(String) comment 'ISO 3166-1 code of the country',
  network LowCardinality(String) comment 'Kind of network, as wifi',
  mosis_version LowCardinality(String) comment 'Version of the Mosis SDK or store on the device',
  duration_ms UInt32 comment 'How long it took, in milliseconds; 0 when not told',
  properties Map(String, String) comment 'All properties as text',
  properties_string Map(LowCardinality(String), String) comment 'Properties that are texts',
  properties_number Map(LowCardinality(String), Float64)
    comment 'Properties that are numbers, true as 1 and false as 0'
) comment 'One row an event, as long as its app keeps it' as
select
  app_id, package_id, event_key, name, toString(kind) as kind, event_time, received_at, client_time,
  clock_correction_ms, session_id, version_code, os, os_version, device_model, locale, country, network,
  mosis_version, duration_ms, properties, properties_string, properties_number
from events;

-- Drop

drop view if exists {analysts}.events;
drop view if exists events;
