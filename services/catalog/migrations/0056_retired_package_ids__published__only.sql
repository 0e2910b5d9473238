-- Up Migration
-- Devices know a package id once a version of its app was published. Before that it is free again when its
-- app is deleted: else whoever makes and deletes apps takes names from everybody for good.
create or replace function apps_retire_package_id() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if old.status <> 'draft' or old.published_code_max is not null then
    insert into retired_package_ids (package_id) values (old.package_id) on conflict do nothing;
  end if;
  return null;
end
$$;

-- Down Migration
create or replace function apps_retire_package_id() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into retired_package_ids (package_id) values (old.package_id) on conflict do nothing;
  return null;
end
$$;
