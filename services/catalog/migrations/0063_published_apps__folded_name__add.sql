-- Up Migration
-- Search compares texts by what they look like to whoever types: NFC and NFD, full width and ligatures, case,
-- accents and apostrophes are one, and of scripts without spaces any part of a name is found. What is indexed
-- and what is asked for go through the same functions, and all of them go by Unicode's tables in the server,
-- not by the locale of the database.

-- Inside of a character class: scripts that are written without spaces between words, Hangul, whose words are
-- put together, and emoji, of which each is a word.
create function unspaced_scripts() returns text language sql immutable parallel safe as $$
  select '\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecf\u0edc-\u0edf\u1000-\u103f\u1050-\u109f\u1100-\u11ff' ||
         '\u1780-\u17d3\u1950-\u19cf\u1a20-\u1aad\u1b00-\u1b4f\u2600-\u27bf\u2b00-\u2bff\u3005-\u3007' ||
         '\u3021-\u3029\u3031-\u3035\u3038-\u303b\u3041-\u30fa\u30fc-\u312f\u3131-\u318e\u31a0-\u31bf' ||
         '\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\ua960-\ua9c0\ua9e0-\ua9ef\ua9fa-\ua9fe' ||
         '\uaa60-\uaa7f\uac00-\ud7ff\U0001b000-\U0001b16f\U0001f000-\U0001faff\U00020000-\U000323af'
$$;
comment on function unspaced_scripts() is
  'Inside of a character class: scripts in which search looks for parts of words, and emoji';

-- NFKC_Casefold (Unicode 3.13, R5) without marks that are accents: those of Latin, Greek and Cyrillic, points
-- of Hebrew, vowels of Arabic. A mark of any other script is as much as a letter, as vowels of Hindi and Thai
-- are, or the voicing of kana. After that letters which have no decomposition, as `unaccent` and CLDR's
-- Latin-ASCII have them, letters of Arabic that are typed for each other, quotes, dashes, and digits. Signs
-- of trade marks would become letters of the word before them.
create function search_fold(value text) returns text language sql immutable parallel safe as $$
  select case when octet_length(value) = length(value) then lower(value collate "C")
    else normalize(
      translate(
        replace(replace(replace(
          casefold(
            regexp_replace(
              normalize(translate(value, '´™℠®©', ''''), nfkd),
              '[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f' ||
              '\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7' ||
              '\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed' ||
              '\u08ca-\u08e1\u08e3-\u08ff' ||
              -- What is not seen, and colours of skin.
              '\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f' ||
              '\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3' ||
              '\U0001d173-\U0001d17a\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]', '', 'g')
            collate pg_catalog.pg_unicode_fast),
          'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
        'ƀɓƃƈɖɗƌđðɛəƒɠǥħɨɩıɉƙłƚɫɲŋøɔɵƥɍŧƭʈʉʋɏƴƶىیےکةہھٱ‘’‛ʹʻʼʽ′׳‐‒–—―−“”„‟«»״' ||
        '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙໐໑໒໓໔໕໖໗໘໙၀၁၂၃၄၅၆၇၈၉០១២៣៤៥៦៧៨៩',
        'bbbcdddddeefgghiiijklllnnoooprtttuvyyzيييكههها' ||
        repeat('''', 9) || repeat('-', 6) || repeat('"', 7) || repeat('0123456789', 8)),
      nfc) collate "C"
  end
$$;
comment on function search_fold(text) is
  'A text as search compares it: without differences of form, case and accents';

create function search_name(value text) returns text language sql immutable parallel safe as $$
  select coalesce(nullif(btrim(regexp_replace(search_fold(value), '\s+', ' ', 'g')), ''), lower(value))
    collate "C"
$$;
comment on function search_name(text) is
  'A name, category or tag as search compares it: folded, with single spaces between words';

-- Without the characters that hold hosts, addresses, paths and numbers together PostgreSQL's parser reads a
-- text once, and a part of a package id is as good as the whole.
create function search_text(value text) returns text language sql immutable parallel safe as $$
  select case when octet_length(value) = length(value)
    then translate(search_fold(value), '&+-./:<@_~', '          ')
    else regexp_replace(translate(search_fold(value), '&+-./:<@_~', '          '),
                        '[' || unspaced_scripts() || ']+', ' \& ', 'g') end
$$;
comment on function search_text(text) is
  'A text, folded, with spaces between its words and its parts in scripts without spaces';

-- Each two that stand beside each other, so that every part of two or more is found; each one, too, where
-- that is asked for, and where it stands by itself.
create function search_pairs(read text, singles boolean) returns tsvector
language sql immutable parallel safe as $$
  select coalesce(string_agg(part || ':' || least(place, 16383), ' '), '')::tsvector
  from (select sign, row_number() over (order by run, at) as place,
               lag(sign) over (partition by run order by at) is not null as has_before,
               lead(sign) over (partition by run order by at) as next
        from regexp_matches(read, '[' || unspaced_scripts() || ']+', 'g') with ordinality runs (found, run),
             string_to_table(found[1], null) with ordinality signs (sign, at)) signs,
       (values (true), (false)) kinds (is_pair),
       lateral (select case when is_pair then sign || next
                            when singles or not has_before and next is null then sign end as part) parts
  where part is not null
$$;
comment on function search_pairs(text, boolean) is
  'Lexemes of the scripts without spaces in a text that search_text has read';

create function search_words(value text, singles boolean) returns tsvector
language sql immutable parallel safe as $$
  select case when octet_length(value) = length(value) then to_tsvector('english', search_text(value))
    else (select to_tsvector('english', regexp_replace(read, '[' || unspaced_scripts() || ']+', ' ', 'g'))
                 || search_pairs(read, singles)
          from (select search_text(value) as read) one) end
$$;
comment on function search_words(text, boolean) is
  'All lexemes of a text in their order, those that are indexed and those that are asked for';

-- The top-level domain says nothing: a third of all package ids begin with `com`.
create or replace function published_name_words(name text, package_id text) returns tsvector
language sql immutable parallel safe as $$
  select search_words(name || ' ' || regexp_replace(package_id, '^[^.]*\.', ''), true)
$$;

create or replace function published_words(
  name_words tsvector, description text, category text, tags text[]
) returns tsvector language sql immutable parallel safe as $$
  select setweight(name_words, 'A')
      || setweight(search_words(array_to_string(tags, ' '), true), 'B')
      || search_words(coalesce(description, ''), false)
      || array_to_tsvector(array_remove(
           'c:' || search_name(category) || array(select 't:' || search_name(tag) from unnest(tags) tag),
           null))
$$;

create or replace function words_of_app(name text, tags text[]) returns setof text
language sql immutable parallel safe as $$
  select word
  from unnest(tsvector_to_array(to_tsvector(
    'simple', search_text(name || ' ' || array_to_string(tags, ' '))))) word
  where length(word) between 3 and 50
    and word !~ '^[0-9]+$' and word !~ ('[' || unspaced_scripts() || ']')
$$;

-- Everything that an app has has rank 1, also its category and tags: whatever is asked for together is read
-- from lists in step, because an app has one rank in all of them. What is in its name has the rank of the
-- name as well, and what is in its tags 1000. The filters have that of the name, too.
create function app_terms(name text, words tsvector, published_at timestamptz, updated_at timestamptz)
returns table (term text, rank integer) language sql immutable parallel safe as $$
  select 'w:' || lexeme, ranks.rank
  from unnest(words),
       (values (1, 'anywhere'), (1000, 'tag'), (2000 - length(name), 'name')) ranks (rank, place)
  where place = 'anywhere' or place = 'tag' and 'B' = any(weights)
     or place = 'name' and (positions is null or 'A' = any(weights))
  union all
  select kind || filter, (extract(epoch from time) - 1577836800)::integer
  from (values ('u:', updated_at), ('n:', published_at)) orders (kind, time),
       (select '' as filter union all select lexeme from unnest(words) where positions is null) filters
$$;
comment on function app_terms(text, tsvector, timestamptz, timestamptz) is
  'Rows that an app has in published_app_terms';

-- Null until the words and terms of an app are made by the functions above: then they are those of
-- `terms_of_app`, as before.
alter table published_apps add column folded_name text collate "C";
comment on column published_apps.folded_name is 'The name as search compares it; see search_name';
-- By its beginning.
create index published_apps_folded_name on published_apps (folded_name, app_no);

create or replace function insert_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- In the order of the key: of many apps at once it is a fifth of the time. By its collation: that of what a
  -- function returns is the database's, which sorts half as fast, and perhaps otherwise.
  insert into published_app_terms
  select term, rank, app_no
  from after, app_terms(name, words, published_at, updated_at)
  order by term collate "C", rank, app_no;
  return null;
end
$$;
create or replace function update_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- By the whole key: that finds the row, and not all apps of the term.
  delete from published_app_terms gone using (
    (select term, rank, app_no
     from before, terms_of_app(name, category, tags, words, published_at, updated_at)
     where folded_name is null
     union all
     select term, rank, app_no
     from before, app_terms(name, words, published_at, updated_at)
     where folded_name is not null)
    except
    select term, rank, app_no from after, app_terms(name, words, published_at, updated_at)
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  insert into published_app_terms
  select term, rank, app_no from after, app_terms(name, words, published_at, updated_at)
  except
  (select term, rank, app_no
   from before, terms_of_app(name, category, tags, words, published_at, updated_at)
   where folded_name is null
   union all
   select term, rank, app_no
   from before, app_terms(name, words, published_at, updated_at)
   where folded_name is not null);
  return null;
end
$$;
create or replace function delete_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from published_app_terms gone using (
    select term, rank, app_no
    from before, terms_of_app(name, category, tags, words, published_at, updated_at)
    where folded_name is null
    union all
    select term, rank, app_no
    from before, app_terms(name, words, published_at, updated_at)
    where folded_name is not null
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  return null;
end
$$;

-- An answer is another one only when its hash is: whatever else changes in the row needs no new one.
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

-- Down Migration
alter table published_apps disable trigger user;
create or replace function project_apps(ids uuid[]) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
create or replace function answer_for_apps() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into published_app_answers (app_id, package_id, state_hash, answer)
  select app_id, package_id, state_hash, store_answer(after::published_apps) from after
  on conflict (app_id) do update
  set (package_id, state_hash, answer) = (excluded.package_id, excluded.state_hash, excluded.answer);
  return null;
end
$$;
create or replace function insert_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- In the order of the key: of many apps at once it is a fifth of the time.
  insert into published_app_terms
  select term, rank, app_no
  from after, terms_of_app(name, category, tags, words, published_at, updated_at)
  order by term collate "C", rank, app_no;
  return null;
end
$$;
create or replace function update_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- By the whole key: that finds the row, and not all apps of the term.
  delete from published_app_terms gone using (
    select term, rank, app_no
    from before, terms_of_app(name, category, tags, words, published_at, updated_at)
    except
    select term, rank, app_no
    from after, terms_of_app(name, category, tags, words, published_at, updated_at)
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  insert into published_app_terms
  select term, rank, app_no
  from after, terms_of_app(name, category, tags, words, published_at, updated_at)
  except
  select term, rank, app_no
  from before, terms_of_app(name, category, tags, words, published_at, updated_at);
  return null;
end
$$;
create or replace function delete_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from published_app_terms gone using (
    select term, rank, app_no
    from before, terms_of_app(name, category, tags, words, published_at, updated_at)
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  return null;
end
$$;
create or replace function words_of_app(name text, tags text[]) returns setof text
language sql immutable parallel safe as $$
  select word
  from unnest(tsvector_to_array(to_tsvector('simple', name || ' ' || array_to_string(tags, ' ')))) word
  where length(word) between 3 and 50 and word !~ '^[0-9.-]+$'
$$;
create or replace function published_words(
  name_words tsvector, description text, category text, tags text[]
) returns tsvector language sql immutable parallel safe as $$
  select setweight(name_words, 'A')
      || setweight(to_tsvector('english', array_to_string(tags, ' ')), 'B')
      || to_tsvector('english', translate(coalesce(description, ''), '_@~/', '    '))
      || array_to_tsvector(array_remove(
           'c:' || lower(category) || array(select 't:' || lower(tag) from unnest(tags) tag), null))
$$;
create or replace function published_name_words(name text, package_id text) returns tsvector
language sql immutable parallel safe as $$
  select to_tsvector('english', name || ' ' ||
    translate(regexp_replace(package_id, '^[^.]*\.', ''), '._', '  '))
$$;
update published_apps set name_words = published_name_words(name, package_id),
  words = published_words(published_name_words(name, package_id), description, category, tags)
where folded_name is not null;
delete from published_app_terms;
insert into published_app_terms
select term, rank, app_no
from published_apps, terms_of_app(name, category, tags, words, published_at, updated_at)
order by term collate "C", rank, app_no;
delete from published_words;
insert into published_words select distinct words_of_app(name, tags) from published_apps;
alter table published_apps enable trigger user;
drop index published_apps_folded_name;
alter table published_apps drop column folded_name;
drop function app_terms(text, tsvector, timestamptz, timestamptz);
drop function search_words(text, boolean);
drop function search_pairs(text, boolean);
drop function search_text(text);
drop function search_name(text);
drop function search_fold(text);
drop function unspaced_scripts();
