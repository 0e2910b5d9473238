-- Up Migration

-- A new event key has 48 bits, which T64 stores in 6 bytes; one of before has 64 and stays as it is. Of the
-- differences between times T64 leaves the bits out that are zero. Merges write older parts anew.
alter table events_raw
  modify column event_key UInt64 codec(T64),
  modify column client_time DateTime64(3, 'UTC') codec(Delta, T64, ZSTD(1));
alter table events_raw
  comment column event_key '48 bits of the event id';
alter table events
  comment column event_key '48 bits of the event id';
alter table {analysts}.events
  comment column event_key '48 bits of the event id';

-- Down Migration

alter table events_raw
  modify column event_key UInt64 codec(NONE),
  modify column client_time DateTime64(3, 'UTC') codec(Delta, ZSTD(1));
alter table events_raw
  comment column event_key '64 bits of the event id';
alter table events
  comment column event_key '64 bits of the event id';
alter table {analysts}.events
  comment column event_key '64 bits of the event id';
