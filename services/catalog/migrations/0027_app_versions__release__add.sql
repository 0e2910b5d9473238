-- Up Migration
-- A halted and a yanked version stay `published`, as the status of the database selection has it: halted_at
-- and yanked_at say that devices do not get it.
alter table app_versions
  add column submitted_at timestamptz,
  -- Percent of installs that get a published version. 100: all.
  add column rollout_percent smallint check (rollout_percent between 1 and 100),
  add column halted_at timestamptz,
  add column halt_reason varchar(500),
  add column yanked_at timestamptz,
  add column yank_reason varchar(500),
  add column updated_at timestamptz not null default now();

-- Down Migration
alter table app_versions
  drop column updated_at,
  drop column yank_reason,
  drop column yanked_at,
  drop column halt_reason,
  drop column halted_at,
  drop column rollout_percent,
  drop column submitted_at;
