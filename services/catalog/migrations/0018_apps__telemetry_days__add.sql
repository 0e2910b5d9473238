-- Up Migration
-- How long events of the app are kept. The default is that of packages/types/src/retention.ts.
alter table apps
  add column telemetry_days smallint not null default 180 check (telemetry_days between 1 and 730);

-- Down Migration
alter table apps drop column telemetry_days;
