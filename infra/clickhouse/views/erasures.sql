-- Create

create or replace view erasures (
  erasure_id UUID comment 'Id of the erasure',
  app_id UUID comment 'Id of the app',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  install_hash FixedString(64) comment 'SHA-256 of the install id in lower case, in hexadecimal',
  requested_at DateTime64(3, 'UTC') comment 'When it was asked for',
  received_before DateTime64(3, 'UTC') comment 'What was received before this was erased',
  completed_at DateTime64(3, 'UTC') comment 'When it was proved',
  events_erased UInt64 comment 'Events that were erased',
  rejected_erased UInt64 comment 'Refused events that were erased',
  remaining UInt64 comment 'Rows that a last look found, always 0 with a proof',
  kafka_expired_at DateTime64(3, 'UTC') comment 'From when on Kafka has nothing of it either',
  proof String comment 'Hash over the erasure, empty while it is under way'
) comment 'Installs that were erased, with the proof' as
select
  erasure_id,
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  install_hash,
  requested_at,
  received_before,
  completed_at,
  events_erased,
  rejected_erased,
  remaining,
  kafka_expired_at,
  proof
from erasures_raw final
where proof <> '';

-- Drop

drop view if exists erasures;
