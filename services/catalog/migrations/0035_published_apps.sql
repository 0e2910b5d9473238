-- Up Migration
-- What the store shows, beside what developers work on. The public read side and search know this table and
-- the view below alone, so no forgotten condition can show a draft. A table, not a view: its indexes hold
-- nothing that is not published, and behind the policies of `apps` the operators of text search could not be
-- index conditions.
create table published_apps (
  app_id uuid primary key references apps(id) on delete cascade,
  -- Four bytes instead of sixteen in each of the 45 terms of an app.
  app_no integer generated always as identity unique,
  package_id varchar(255) not null unique,
  name varchar(100) not null,
  description text,
  category varchar(50),
  tags varchar(50)[] not null,
  latest_version_id uuid,
  rollout_version_id uuid,
  -- When the app came into the store, and when its latest version did.
  published_at timestamptz not null,
  updated_at timestamptz not null,
  -- Hash of everything above and of the rollout of every version: an answer of the store can be another one
  -- only when this is.
  state_hash varchar(32) not null,
  -- Lexemes of name and package id; and those (A) with tags (B), description (D), `c:` and the category, `t:`
  -- and each tag.
  name_words tsvector not null,
  words tsvector not null
);
create index published_apps_name_words on published_apps using gin (name_words);
create index published_apps_words on published_apps using gin (words);
-- By its beginning. C: other collations do not keep together what begins alike.
create index published_apps_lower_name on published_apps (lower(name) collate "C", app_no);

alter table published_apps enable row level security;
create policy of_everybody on published_apps for select using (true);
grant select on published_apps to mosis_api;

-- The top-level domain says nothing: a third of all package ids begin with `com`.
create function published_name_words(name text, package_id text) returns tsvector
language sql immutable parallel safe as $$
  select to_tsvector('english', name || ' ' ||
    translate(regexp_replace(package_id, '^[^.]*\.', ''), '._', '  '))
$$;

create function published_words(name_words tsvector, description text, category text, tags text[])
returns tsvector language sql immutable parallel safe as $$
  select setweight(name_words, 'A')
      || setweight(to_tsvector('english', array_to_string(tags, ' ')), 'B')
      || to_tsvector('english', coalesce(description, ''))
      || array_to_tsvector(array_remove(
           'c:' || lower(category) || array(select 't:' || lower(tag) from unnest(tags) tag), null))
$$;

-- Brings what the store shows of these apps up to date.
create function project_apps(ids uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  delete from published_apps using apps
  where app_id = any(ids) and apps.id = app_id and apps.status <> 'published';

  insert into published_apps as shown (
    app_id, package_id, name, description, category, tags, latest_version_id, rollout_version_id,
    published_at, updated_at, state_hash, name_words, words)
  select app_id, package_id, name, description, category, tags, latest_version_id, rollout_version_id,
         published_at, updated_at,
         md5(concat_ws(E'\x01', package_id, name, description, category, tags, latest_version_id,
                       rollout_version_id, published_at, updated_at, rollouts)),
         name_words, published_words(name_words, description, category, tags)
  from (
    select id as app_id, package_id, name, description, category, coalesce(tags, '{}') as tags,
           latest_version_id, rollout_version_id,
           coalesce(first_published_at, updated_at) as published_at,
           coalesce(latest_published_at, updated_at) as updated_at,
           published_name_words(name, package_id) as name_words, rollouts
    from apps
    left join lateral (
      select min(published_at) as first_published_at,
             max(published_at) filter (where id = latest_version_id) as latest_published_at,
             string_agg(concat_ws(' ', version_code, rollout_percent, halted_at, yanked_at), ','
                        order by version_code) as rollouts
      from app_versions where app_id = apps.id and app_versions.status = 'published'
    ) releases on true
    where apps.id = any(ids) and apps.status = 'published'
  ) made
  on conflict (app_id) do update
  set (package_id, name, description, category, tags, latest_version_id, rollout_version_id,
       published_at, updated_at, state_hash, name_words, words)
    = (excluded.package_id, excluded.name, excluded.description, excluded.category, excluded.tags,
       excluded.latest_version_id, excluded.rollout_version_id, excluded.published_at, excluded.updated_at,
       excluded.state_hash, excluded.name_words, excluded.words)
  where shown.state_hash <> excluded.state_hash;
end
$$;
revoke all on function project_apps(uuid[]) from public;

-- In the database, so that no way of changing an app or a version can leave the store as it was. Once a
-- statement, however many rows it has. As the owner, because the api changes nothing here itself.
create function project_changed_apps() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  perform project_apps(array(select id from changed));
  return null;
end
$$;
create trigger apps_project_inserted after insert on apps
  referencing new table as changed for each statement execute function project_changed_apps();
create trigger apps_project_updated after update on apps
  referencing new table as changed for each statement execute function project_changed_apps();

create function project_apps_of_changed_versions() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  perform project_apps(array(select distinct app_id from changed where status = 'published'));
  return null;
end
$$;
-- A version is inserted and deleted as a draft, which the store does not show.
create trigger app_versions_project_updated after update on app_versions
  referencing new table as changed for each statement execute function project_apps_of_changed_versions();

-- Versions that devices know or may get, with what they check the signature with. Reads as the owner of the
-- tables.
create view published_versions as
  select versions.id, versions.app_id, version_code, version_name, package_url, package_size, package_digest,
         signature, fingerprint as signing_key, public_key, permissions, min_mosis_version, release_notes,
         rollout_percent, halted_at, yanked_at, versions.published_at
  from app_versions versions
       join published_apps using (app_id)
       left join signing_keys on signing_keys.id = signing_key_id
  where versions.status = 'published';
grant select on published_versions to mosis_api;

select project_apps(array(select id from apps where status = 'published'));

-- Down Migration
drop view published_versions;
drop trigger app_versions_project_updated on app_versions;
drop function project_apps_of_changed_versions();
drop trigger apps_project_updated on apps;
drop trigger apps_project_inserted on apps;
drop function project_changed_apps();
drop function project_apps(uuid[]);
drop table published_apps;
drop function published_words(tsvector, text, text, text[]);
drop function published_name_words(text, text);
