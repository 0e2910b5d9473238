-- Up Migration
-- Null: the limits of the app alone.
alter table api_keys
  add column telemetry_events_per_second integer
    check (telemetry_events_per_second between 1 and 10000000);

-- Down Migration
alter table api_keys drop column telemetry_events_per_second;
