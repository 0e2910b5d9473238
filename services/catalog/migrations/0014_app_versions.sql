-- Up Migration
-- Nothing has written this table before: a row of the core tables has no package_digest and is refused.
-- Twenty characters refuse a semantic version with its build: `2.0.0-beta.1+exp.sha.5114f85` has 28.
alter table app_versions
  alter column version_name type varchar(64),
  -- The developer of its app. It stands here too, so that row-level security asks no other table.
  add column developer_id uuid,
  add column package_digest varchar(64) check (package_digest ~ '^[0-9a-f]{64}$'),
  -- A key goes only with its developer.
  add column signing_key_id uuid references signing_keys(id) on delete set null,
  add column submitted_at timestamptz,
  add column rollout_percent smallint check (rollout_percent between 1 and 100),
  -- A halted and a yanked version stay `published`, the status that the core tables have. halted_at and
  -- yanked_at say that devices do not get it.
  add column halted_at timestamptz,
  add column halt_reason varchar(500),
  add column yanked_at timestamptz,
  add column yank_reason varchar(500),
  add column updated_at timestamptz not null default now(),
  add constraint app_versions_whole
    check (developer_id is not null and app_id is not null and package_digest is not null),
  add constraint app_versions_status
    check (status is not null and status in ('draft', 'review', 'approved', 'published', 'rejected')),
  add constraint app_versions_submitted
    check (status not in ('review', 'approved', 'published') or submitted_at is not null),
  add constraint app_versions_published
    check ((status = 'published') = (published_at is not null)
           and (status = 'published') = (rollout_percent is not null)),
  add constraint app_versions_halted
    check ((halted_at is null) = (halt_reason is null) and (halted_at is null or status = 'published')),
  add constraint app_versions_yanked
    check ((yanked_at is null) = (yank_reason is null) and (yanked_at is null or status = 'published'));
comment on column app_versions.developer_id is 'Account that its app belongs to';
comment on column app_versions.package_digest is 'SHA-256 of the package, hex: what the signature is over';
comment on column app_versions.signing_key_id is 'Key that has signed it; null once the key is gone';
comment on column app_versions.submitted_at is 'When it was submitted for review the last time';
comment on column app_versions.rollout_percent is
  'Percent of installs that get it once it is published; 100: all';
comment on column app_versions.halted_at is 'When its rollout was halted; null: it was not';
comment on column app_versions.halt_reason is 'Why its rollout was halted';
comment on column app_versions.yanked_at is 'When it was taken back from devices for good; null: it was not';
comment on column app_versions.yank_reason is 'Why it was taken back';
comment on column app_versions.updated_at is 'When it was changed last';
-- The reference needs this index, and it finds the versions that a key has signed.
create index app_versions_by_signing_key on app_versions (signing_key_id);
-- Only one version of an app is in review at a time.
create unique index app_versions_in_review on app_versions (app_id) where status = 'review';

alter table app_versions enable row level security;
create policy of_tenant on app_versions using (mosis_sees(developer_id));
grant select, insert, delete,
  update (version_name, package_url, package_size, package_digest, signature, signing_key_id, permissions,
          min_mosis_version, release_notes, status, review_notes, published_at, submitted_at,
          rollout_percent, halted_at, halt_reason, yanked_at, yank_reason, updated_at)
  on app_versions to mosis_api;

-- Down Migration
drop policy of_tenant on app_versions;
alter table app_versions disable row level security;
revoke all on app_versions from mosis_api;
drop index app_versions_in_review;
drop index app_versions_by_signing_key;
alter table app_versions
  drop constraint app_versions_yanked,
  drop constraint app_versions_halted,
  drop constraint app_versions_published,
  drop constraint app_versions_submitted,
  drop constraint app_versions_status,
  drop constraint app_versions_whole,
  drop column updated_at,
  drop column yank_reason,
  drop column yanked_at,
  drop column halt_reason,
  drop column halted_at,
  drop column rollout_percent,
  drop column submitted_at,
  drop column signing_key_id,
  drop column package_digest,
  drop column developer_id,
  -- Longer names are cut, because the narrower column has no room for them.
  alter column version_name type varchar(20) using left(version_name, 20);
