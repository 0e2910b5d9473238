-- Up Migration
-- Twenty characters refuse a semantic version with its build: `2.0.0-beta.1+exp.sha.5114f85` has 28. The view
-- stands in the way of its column's type, so it is made again.
drop view published_versions;
alter table app_versions alter column version_name type varchar(64);
alter table apps alter column latest_name type varchar(64);
create view published_versions as
  select versions.id, versions.app_id, version_code, version_name, package_url, package_size, package_digest,
         signature, fingerprint as signing_key, public_key, permissions, min_mosis_version, release_notes,
         rollout_percent, halted_at, yanked_at, versions.published_at
  from app_versions versions
       join published_apps using (app_id)
       left join signing_keys on signing_keys.id = signing_key_id
  where versions.status = 'published';
grant select on published_versions to mosis_api;

-- Down Migration
-- Longer names are cut: the narrower column has no room for them.
drop view published_versions;
alter table app_versions alter column version_name type varchar(20) using left(version_name, 20);
alter table apps alter column latest_name type varchar(20) using left(latest_name, 20);
create view published_versions as
  select versions.id, versions.app_id, version_code, version_name, package_url, package_size, package_digest,
         signature, fingerprint as signing_key, public_key, permissions, min_mosis_version, release_notes,
         rollout_percent, halted_at, yanked_at, versions.published_at
  from app_versions versions
       join published_apps using (app_id)
       left join signing_keys on signing_keys.id = signing_key_id
  where versions.status = 'published';
grant select on published_versions to mosis_api;
