-- Up Migration
-- What ingest takes of an app. The defaults are those of packages/types/src/telemetry-limits.ts.
alter table apps
  add column telemetry_events_per_day bigint not null default 20000000
    check (telemetry_events_per_day between 1 and 1000000000000),
  add column telemetry_events_per_second integer not null default 5000
    check (telemetry_events_per_second between 1 and 10000000);

-- Down Migration
alter table apps drop column telemetry_events_per_second, drop column telemetry_events_per_day;
