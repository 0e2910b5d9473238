-- Create
-- It reads as the owner of the tables.
create or replace view published_versions as
  select versions.id, versions.app_id, version_code, version_name, package_url, package_size, package_digest,
         signature, fingerprint as signing_key, public_key, permissions, min_mosis_version, release_notes,
         rollout_percent, halted_at, yanked_at, versions.published_at
  from app_versions versions
       join published_apps using (app_id)
       left join signing_keys on signing_keys.id = signing_key_id
  where versions.status = 'published';
comment on view published_versions is
  'Versions that devices know or may get, with the key to check their signature';
comment on column published_versions.id is 'Id of the version';
comment on column published_versions.app_id is 'App of the version';
comment on column published_versions.version_code is 'Number that orders the versions of an app';
comment on column published_versions.version_name is 'Version as people read it';
comment on column published_versions.package_url is 'Where devices fetch the package';
comment on column published_versions.package_size is 'Bytes of the package';
comment on column published_versions.package_digest is 'SHA-256 of the package, hex';
comment on column published_versions.signature is 'Signature over package_digest, base64';
comment on column published_versions.signing_key is 'Fingerprint of the key that has signed it';
comment on column published_versions.public_key is 'That key, PEM';
comment on column published_versions.permissions is 'What the app asks of the device';
comment on column published_versions.min_mosis_version is 'Oldest Mosis that it runs on; null: any';
comment on column published_versions.release_notes is 'What is new in it, for users';
comment on column published_versions.rollout_percent is 'Percent of installs that get it';
comment on column published_versions.halted_at is 'When its rollout was halted; null: it was not';
comment on column published_versions.yanked_at is 'When it was taken back from devices; null: it was not';
comment on column published_versions.published_at is 'When it was published';
grant select on published_versions to mosis_api;

-- Its fields are those of the schemas StoreApp and StoreVersion.
create or replace function store_answer(app published_apps) returns text
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
comment on function store_answer(published_apps) is 'What the store answers about an app';

create or replace function answer_for_apps() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into published_app_answers (app_id, package_id, state_hash, answer)
  select app_id, package_id, state_hash, store_answer(after::published_apps) from after
  where not exists (select from published_app_answers made
                    where made.app_id = after.app_id and made.state_hash = after.state_hash)
  on conflict (app_id) do update
  set (package_id, state_hash, answer) = (excluded.package_id, excluded.state_hash, excluded.answer);
  return null;
end
$$;
comment on function answer_for_apps() is 'Trigger: makes the rows of published_app_answers';
revoke execute on function answer_for_apps() from public;
create or replace trigger published_apps_insert_answers after insert on published_apps
  referencing new table as after for each statement execute function answer_for_apps();
create or replace trigger published_apps_update_answers after update on published_apps
  referencing new table as after for each statement execute function answer_for_apps();

-- In the hash a null has its place, because it is one of JSON. Without a latest version an app was updated
-- when its last version came out, not when its developer changed it.
create or replace function project_apps(ids uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from published_apps using apps
  where app_id = any(ids) and apps.id = app_id and apps.status <> 'published';

  insert into published_apps as shown (
    app_id, package_id, name, description, category, tags, latest_version_id, rollout_version_id,
    published_at, updated_at, state_hash, folded_name, name_words, words)
  select app_id, package_id, name, description, category, tags, latest_version_id, rollout_version_id,
         published_at, updated_at,
         md5(jsonb_build_array(package_id, name, description, category, tags, latest_version_id,
                               rollout_version_id, published_at, updated_at, rollouts)::text),
         search_name(name), name_words, published_words(name_words, description, category, tags)
  from (
    select id as app_id, package_id, name, description, category, coalesce(tags, '{}') as tags,
           latest_version_id, rollout_version_id,
           coalesce(first_published_at, updated_at) as published_at,
           coalesce(latest_published_at, last_published_at, updated_at) as updated_at,
           published_name_words(name, package_id) as name_words, rollouts
    from apps
    left join lateral (
      select min(published_at) as first_published_at,
             max(published_at) filter (where id = latest_version_id) as latest_published_at,
             max(published_at) as last_published_at,
             jsonb_agg(jsonb_build_array(version_code, rollout_percent, halted_at, yanked_at)
                       order by version_code) as rollouts
      from app_versions where app_id = apps.id and app_versions.status = 'published'
    ) releases on true
    where apps.id = any(ids) and apps.status = 'published'
  ) made
  on conflict (app_id) do update
  set (package_id, name, description, category, tags, latest_version_id, rollout_version_id,
       published_at, updated_at, state_hash, folded_name, name_words, words)
    = (excluded.package_id, excluded.name, excluded.description, excluded.category, excluded.tags,
       excluded.latest_version_id, excluded.rollout_version_id, excluded.published_at, excluded.updated_at,
       excluded.state_hash, excluded.folded_name, excluded.name_words, excluded.words)
  where shown.state_hash <> excluded.state_hash;
end
$$;
comment on function project_apps(uuid[]) is 'Brings published_apps up to date with these apps';
revoke all on function project_apps(uuid[]) from public;

-- In the database, so that no way of changing an app or a version can leave the store as it was. Once a
-- statement, however many rows it has. As the owner, because the api changes nothing here itself.
create or replace function project_changed_apps() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform project_apps(array(select id from changed));
  return null;
end
$$;
comment on function project_changed_apps() is
  'Trigger: brings published_apps up to date after changes of apps';
revoke execute on function project_changed_apps() from public;
create or replace trigger apps_project_inserted after insert on apps
  referencing new table as changed for each statement execute function project_changed_apps();
create or replace trigger apps_project_updated after update on apps
  referencing new table as changed for each statement execute function project_changed_apps();

create or replace function project_apps_of_changed_versions() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform project_apps(array(select distinct app_id from changed where status = 'published'));
  return null;
end
$$;
comment on function project_apps_of_changed_versions() is
  'Trigger: brings published_apps up to date after changes of versions';
revoke execute on function project_apps_of_changed_versions() from public;
-- A version is inserted and deleted as a draft, which the store does not show.
create or replace trigger app_versions_project_updated after update on app_versions
  referencing new table as changed for each statement execute function project_apps_of_changed_versions();

-- Apps of the core tables that were published before these triggers existed.
select project_apps(array(
  select id from apps where status = 'published' and not exists (
    select from published_apps where app_id = apps.id)));

-- Drop
drop trigger app_versions_project_updated on app_versions;
drop function project_apps_of_changed_versions();
drop trigger apps_project_updated on apps;
drop trigger apps_project_inserted on apps;
drop function project_changed_apps();
drop function project_apps(uuid[]);
drop trigger published_apps_update_answers on published_apps;
drop trigger published_apps_insert_answers on published_apps;
drop function answer_for_apps();
drop function store_answer(published_apps);
drop view published_versions;
