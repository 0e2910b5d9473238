-- Create
-- This runs as the owner, because the api writes no retired package id, and in the database, because an app
-- is also deleted with its developer.
create or replace function apps_retire_package_id() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if old.status <> 'draft' or old.published_code_max is not null then
    insert into retired_package_ids (package_id) values (old.package_id) on conflict do nothing;
  end if;
  return null;
end
$$;
comment on function apps_retire_package_id() is
  'Trigger: keeps the package id of a deleted app from others, once it was published';
revoke execute on function apps_retire_package_id() from public;
create or replace trigger apps_retire_package_id after delete on apps
  for each row execute function apps_retire_package_id();

-- Whoever sets the latest version has set its code and name.
create or replace function name_latest_version() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- Null without one.
  select version_code, version_name into new.latest_code, new.latest_name
  from app_versions where id = new.latest_version_id;
  return new;
end
$$;
comment on function name_latest_version() is 'Trigger: sets latest_code and latest_name of apps';
revoke execute on function name_latest_version() from public;
create or replace trigger apps_name_latest before update on apps
  for each row when (new.latest_version_id is distinct from old.latest_version_id)
  execute function name_latest_version();

-- Anybody registers any address. An account that has not confirmed its address may send little, also when the
-- app was made before; what an admin has raised beyond the default holds. The default is that of
-- packages/types/src/telemetry-limits.ts.
create or replace function allowed_events_per_day(of_developer uuid, stored bigint) returns bigint
language sql stable as $$
  select case
    when stored > 20000000 or (select verified or role <> 'developer' from developers where id = of_developer)
      then stored
    else least(stored, 100000) end
$$;
comment on function allowed_events_per_day(uuid, bigint) is
  'Events a day that an app of an account may send: few while its address is not confirmed';

-- Names in the store are public, and a new one is compared with everybody's. The view reads as the owner of
-- the table: behind a policy an operator that may leak, as % may, is no index condition.
create or replace view published_app_names as
  select developer_id, package_id, name, name_skeleton(name) as skeleton from apps where status = 'published';
comment on view published_app_names is 'Names of published apps, everybody''s, to compare a new one with';
comment on column published_app_names.developer_id is 'Account that the app belongs to';
comment on column published_app_names.package_id is 'Package id of the app';
comment on column published_app_names.name is 'Name of the app';
comment on column published_app_names.skeleton is 'What the name looks like; see name_skeleton';
grant select on published_app_names to mosis_api;

-- Drop
drop view published_app_names;
drop function allowed_events_per_day(uuid, bigint);
drop trigger apps_name_latest on apps;
drop function name_latest_version();
drop trigger apps_retire_package_id on apps;
drop function apps_retire_package_id();
