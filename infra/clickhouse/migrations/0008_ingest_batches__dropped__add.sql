-- Up Migration

-- Events that a restriction dropped. Deliveries from before there were restrictions had none.
alter table ingest_batches_raw
  add column if not exists dropped UInt32 default 0 codec(T64, ZSTD(1)) after rejected;

create or replace view ingest_batches as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  batch_id,
  delivery_id,
  received_at,
  stored_at,
  key_id,
  accepted,
  rejected,
  dropped,
  warned,
  discarded,
  dead_letters,
  body_bytes,
  clock_correction_ms,
  sdk_name,
  sdk_version
from ingest_batches_raw final;

-- Down Migration

create or replace view ingest_batches as
select
  app_id,
  dictGetOrDefault('apps_dictionary', 'package_id', app_id, '') as package_id,
  batch_id,
  delivery_id,
  received_at,
  stored_at,
  key_id,
  accepted,
  rejected,
  warned,
  discarded,
  dead_letters,
  body_bytes,
  clock_correction_ms,
  sdk_name,
  sdk_version
from ingest_batches_raw final;

alter table ingest_batches_raw drop column if exists dropped;
