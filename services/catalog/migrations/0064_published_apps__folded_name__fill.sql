-- Up Migration
-- What was published before is found as what is published from now on. Only the rows of these apps are
-- locked: reads go on, and so do all writes but changes of what is published, which wait for the end. After
-- the functions, which are live by now: what is published meanwhile is made by these already.
-- Seven million terms of before and after are compared.
set local work_mem = '256MB';
update published_apps
set folded_name = search_name(name),
    name_words = published_name_words(name, package_id),
    words = published_words(published_name_words(name, package_id), description, category, tags)
where folded_name is null;

-- Words as nobody searches for them any more. The others were added by the trigger.
delete from published_words where search_text(word) <> word;

-- All terms are made in one way now.
create or replace function update_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- By the whole key: that finds the row, and not all apps of the term.
  delete from published_app_terms gone using (
    select term, rank, app_no from before, app_terms(name, words, published_at, updated_at)
    except
    select term, rank, app_no from after, app_terms(name, words, published_at, updated_at)
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  insert into published_app_terms
  select term, rank, app_no from after, app_terms(name, words, published_at, updated_at)
  except
  select term, rank, app_no from before, app_terms(name, words, published_at, updated_at);
  return null;
end
$$;
create or replace function delete_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from published_app_terms gone using (
    select term, rank, app_no from before, app_terms(name, words, published_at, updated_at)
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  return null;
end
$$;
drop function terms_of_app(text, text, text[], tsvector, timestamptz, timestamptz);

comment on column published_app_terms.term is
  'w: and a lexeme, c: and a category or t: and a tag; u: and n: for lists by update and by age, followed by '
  'c: or t: for filtered ones';
comment on column published_app_terms.rank is
  'By w: 1 for all that an app has, and more for what is in its tags and its name; in lists seconds since '
  '2020. The greatest comes first';
comment on column published_words.word is 'The word, folded; see search_fold';

-- Down Migration
comment on column published_app_terms.term is
  'w: and a lexeme; u: and n: for lists by update and by age, followed by c: a category or t: a tag for '
  'filtered ones';
comment on column published_app_terms.rank is
  'How well the app fits a lexeme; in lists seconds since 2020. The greatest comes first';
comment on column published_words.word is 'The word, as it is written, in lower case';
create function terms_of_app(
  name text, category text, tags text[], words tsvector, published_at timestamptz, updated_at timestamptz
) returns table (term text, rank integer) language sql immutable parallel safe as $$
  select 'w:' || lexeme,
         case when 'A' = any(weights) then 2000 - length(name)
              when 'B' = any(weights) then 1000
              else least(cardinality(positions), 255) end
  from unnest(words) where positions is not null
  union all
  select kind || which, (extract(epoch from time) - 1577836800)::integer
  from (values ('u:', updated_at), ('n:', published_at)) orders (kind, time),
       (select '' as which
        union all select 'c:' || lower(category) where category is not null
        union select 't:' || lower(tag) from unnest(tags) tag) filters
$$;
comment on function terms_of_app(text, text, text[], tsvector, timestamptz, timestamptz) is
  'Rows that an app has in published_app_terms';
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
