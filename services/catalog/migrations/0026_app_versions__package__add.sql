-- Up Migration
alter table app_versions
  -- Of its app. Here too, so that row-level security asks no other table.
  add column developer_id uuid,
  -- SHA-256 of the package in lower-case hex: what `signature` signs.
  add column package_digest varchar(64) check (package_digest ~ '^[0-9a-f]{64}$'),
  -- Null once the key is gone, which it is with its developer alone.
  add column signing_key_id uuid references signing_keys(id) on delete set null;

update app_versions set developer_id = apps.developer_id from apps where apps.id = app_id;
-- Nothing has written this table before.
alter table app_versions
  add constraint app_versions_whole
    check (developer_id is not null and app_id is not null and package_digest is not null);

-- For the reference, and for what a key has signed.
create index app_versions_by_signing_key on app_versions (signing_key_id);

drop policy of_tenant on app_versions;
create policy of_tenant on app_versions using (mosis_sees(developer_id));

-- Down Migration
drop policy of_tenant on app_versions;
create policy of_tenant on app_versions using (exists (select from apps where apps.id = app_id));
drop index app_versions_by_signing_key;
alter table app_versions drop constraint app_versions_whole;
alter table app_versions drop column signing_key_id, drop column package_digest, drop column developer_id;
