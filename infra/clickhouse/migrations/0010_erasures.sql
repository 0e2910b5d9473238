-- Up Migration

-- One row an erasure, kept for good: who was erased is told by a hash alone. A first row keeps what was
-- counted before the deletion, which a writer that was killed could not count again; the one with a proof
-- takes its place.
create table if not exists erasures_raw (
  erasure_id UUID,
  app_id UUID,
  install_hash FixedString(64),
  requested_at DateTime64(3, 'UTC'),
  received_before DateTime64(3, 'UTC'),
  -- 1970 in a first row.
  completed_at DateTime64(3, 'UTC'),
  events_erased UInt64,
  rejected_erased UInt64,
  remaining UInt64,
  kafka_expired_at DateTime64(3, 'UTC'),
  proof String
) engine = ReplacingMergeTree(completed_at)
order by (app_id, requested_at, erasure_id)
settings non_replicated_deduplication_window = 0;

create view if not exists erasures as
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

-- A mutation that has ended is kept as the text it was given, and what deletes an install names it. Of the
-- last hundred, which is the default, one is left.
alter table events_raw modify setting finished_mutations_to_keep = 1;
alter table rejected_events_raw modify setting finished_mutations_to_keep = 1;

-- Down Migration

alter table rejected_events_raw reset setting finished_mutations_to_keep;
alter table events_raw reset setting finished_mutations_to_keep;

drop view if exists erasures;
drop table if exists erasures_raw;
