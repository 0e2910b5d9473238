-- Up Migration
-- The hash of what the store shows left out nulls, so a description that became null while the category got
-- its text was no change: the store answered what was before, and 304. In JSON a null has its place. And an
-- app without a latest version was updated by whatever its developer changed; now, when its last version came
-- out.
create or replace function project_apps(ids uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  delete from published_apps using apps
  where app_id = any(ids) and apps.id = app_id and apps.status <> 'published';

  insert into published_apps as shown (
    app_id, package_id, name, description, category, tags, latest_version_id, rollout_version_id,
    published_at, updated_at, state_hash, name_words, words)
  select app_id, package_id, name, description, category, tags, latest_version_id, rollout_version_id,
         published_at, updated_at,
         md5(jsonb_build_array(package_id, name, description, category, tags, latest_version_id,
                               rollout_version_id, published_at, updated_at, rollouts)::text),
         name_words, published_words(name_words, description, category, tags)
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
       published_at, updated_at, state_hash, name_words, words)
    = (excluded.package_id, excluded.name, excluded.description, excluded.category, excluded.tags,
       excluded.latest_version_id, excluded.rollout_version_id, excluded.published_at, excluded.updated_at,
       excluded.state_hash, excluded.name_words, excluded.words)
  where shown.state_hash <> excluded.state_hash;
end
$$;

-- All hashes are others now, so an app is projected at its next change in any case. Those that show something
-- else than they should, at once.
select project_apps(array(
  select shown.app_id
  from published_apps shown
       join apps on apps.id = shown.app_id
       left join lateral (
         select max(published_at) filter (where id = apps.latest_version_id) as latest_published_at,
                max(published_at) as last_published_at
         from app_versions where app_id = apps.id and app_versions.status = 'published'
       ) releases on true
  where (shown.name, shown.description, shown.category, shown.tags, shown.latest_version_id,
         shown.rollout_version_id, shown.updated_at)
        is distinct from
        (apps.name, apps.description, apps.category, coalesce(apps.tags, '{}'), apps.latest_version_id,
         apps.rollout_version_id, coalesce(latest_published_at, last_published_at, apps.updated_at))));

-- Down Migration
create or replace function project_apps(ids uuid[]) returns void
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
