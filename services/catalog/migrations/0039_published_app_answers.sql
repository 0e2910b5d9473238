-- Up Migration
-- What the store answers about an app, ready to be sent: one probe of one index instead of five, and nothing
-- to put together for each request. A version that is published, and the key that signed it, never change, so
-- the answer is another one only when `state_hash` is. Apart from published_apps, whose rows search reads by
-- the thousand.
create table published_app_answers (
  app_id uuid primary key references published_apps(app_id) on delete cascade,
  package_id varchar(255) not null unique,
  state_hash varchar(32) not null,
  answer text not null
);
-- In the row as long as it fits into a page: elsewhere it would be a second probe.
alter table published_app_answers alter column answer set storage main;
alter table published_app_answers enable row level security;
create policy of_everybody on published_app_answers for select using (true);
grant select on published_app_answers to mosis_api;

create function rfc3339(at timestamptz) returns text language sql immutable parallel safe as $$
  select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Fields as the schemas StoreApp and StoreVersion have them.
create function store_answer(app published_apps) returns text
language sql stable parallel safe as $$
  select json_build_object(
    'package_id', app.package_id, 'name', app.name, 'description', app.description,
    'category', app.category, 'tags', to_json(app.tags),
    'published_at', rfc3339(app.published_at), 'updated_at', rfc3339(app.updated_at),
    'latest_version', (
      select json_build_object(
        'version_code', version_code, 'version_name', version_name, 'package_url', package_url,
        'package_size', package_size, 'package_digest', package_digest, 'signature', signature,
        'signing_key', signing_key, 'public_key', public_key, 'permissions', permissions,
        'min_mosis_version', min_mosis_version, 'release_notes', release_notes,
        'published_at', rfc3339(published_at))
      from published_versions where id = app.latest_version_id))::text
$$;

create function answer_for_apps() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into published_app_answers (app_id, package_id, state_hash, answer)
  select app_id, package_id, state_hash, store_answer(after::published_apps) from after
  on conflict (app_id) do update
  set (package_id, state_hash, answer) = (excluded.package_id, excluded.state_hash, excluded.answer);
  return null;
end
$$;
create trigger published_apps_insert_answers after insert on published_apps
  referencing new table as after for each statement execute function answer_for_apps();
create trigger published_apps_update_answers after update on published_apps
  referencing new table as after for each statement execute function answer_for_apps();

insert into published_app_answers (app_id, package_id, state_hash, answer)
select app_id, package_id, state_hash, store_answer(published_apps) from published_apps;

-- Down Migration
drop trigger published_apps_update_answers on published_apps;
drop trigger published_apps_insert_answers on published_apps;
drop function answer_for_apps();
drop function store_answer(published_apps);
drop function rfc3339(timestamptz);
drop table published_app_answers;
