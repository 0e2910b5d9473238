-- Up Migration
-- Package ids of apps that were deleted. Devices and audit trails know an app by its package id, so that of
-- another developer must never come by it.
create table retired_package_ids (
  package_id varchar(255) primary key,
  retired_at timestamptz not null default now()
);

-- Package ids are public names. They get here by the trigger alone.
alter table retired_package_ids enable row level security;
create policy of_everybody on retired_package_ids for select using (true);
grant select on retired_package_ids to mosis_api;

-- In the database, because an app also goes with its developer. As its owner, because the api writes none.
create function apps_retire_package_id() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into retired_package_ids (package_id) values (old.package_id) on conflict do nothing;
  return null;
end
$$;

create trigger apps_retire_package_id after delete on apps
  for each row execute function apps_retire_package_id();

-- Down Migration
drop trigger apps_retire_package_id on apps;
drop function apps_retire_package_id();
drop table retired_package_ids;
