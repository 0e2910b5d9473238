-- Up Migration

-- One row an erasure, kept for good: only a hash says who was erased. A first row keeps what was counted
-- before the deletion, which a writer that was killed could not count again; the one with a proof takes its
-- place.
create table if not exists erasures_raw (
  erasure_id UUID comment 'Id of the erasure',
  app_id UUID comment 'Id of the app',
  install_hash FixedString(64) comment 'SHA-256 of app id and install id, in hexadecimal',
  requested_at DateTime64(3, 'UTC') comment 'When it was asked for',
  received_before DateTime64(3, 'UTC') comment 'What was received before this was erased',
  completed_at DateTime64(3, 'UTC') comment 'When it was proved; 1970 while it is under way',
  events_erased UInt64 comment 'Events that were erased',
  rejected_erased UInt64 comment 'Refused events that were erased',
  remaining UInt64 comment 'Rows that a last look found, always 0 with a proof',
  kafka_expired_at DateTime64(3, 'UTC') comment 'From when on Kafka has nothing of it either',
  proof String comment 'Hash over the erasure, empty while it is under way'
) engine = ReplacingMergeTree(completed_at)
order by (app_id, requested_at, erasure_id)
settings non_replicated_deduplication_window = 0
comment 'Erasures, also those under way; read the view erasures';

-- Down Migration

drop table if exists erasures_raw;
