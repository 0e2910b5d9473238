-- Up Migration
-- "Which version does this device get" is the row of the app and two probes. Set in the transaction that
-- changes a version. No foreign keys: what stands here is published and goes with the app alone, and to prove
-- that at each deletion PostgreSQL would need an index of its own on every column.
alter table apps
  -- The newest version that all installs get: at 100 percent, neither halted nor yanked.
  add column latest_version_id uuid,
  -- Published after every other one and not at 100 percent yet, running or halted. Newer than the latest.
  add column rollout_version_id uuid,
  -- The greatest version code that was ever published. Never falls.
  add column published_code_max integer,
  -- Pinned: of the key that has to have signed the next version. Null until the first is published.
  add column signing_fingerprint varchar(64);

-- Down Migration
alter table apps
  drop column signing_fingerprint,
  drop column published_code_max,
  drop column rollout_version_id,
  drop column latest_version_id;
