-- Up Migration
create extension if not exists pg_trgm;

-- For names that look like another app's.
create index apps_published_names on apps using gin (name gin_trgm_ops) where status = 'published';

-- Names in the store are public, and a new one is compared with everybody's. As the owner of the table:
-- behind a policy an operator that may leak, as % may, is no index condition.
create view published_app_names as select developer_id, package_id, name from apps where status = 'published';
grant select on published_app_names to mosis_api;

-- Down Migration
drop view published_app_names;
drop index apps_published_names;
drop extension pg_trgm;
