-- Up Migration
-- The apps of each term, the best first. A GIN index gives what it finds in no order, so the best of 20 000
-- apps are known only when all of them are read: 3.5 ms for a word that a quarter of the apps have. Here they
-- are the beginning of a range of the primary key.
create table published_app_terms (
  -- `w:` a lexeme, by how well it fits. `u:` and `n:` everything, `u:c:` `n:c:` a category, `u:t:` `n:t:` a
  -- tag, by when it was updated and when it was new.
  term text collate "C" not null,
  rank integer not null,
  app_no integer not null,
  primary key (term, rank, app_no)
);
alter table published_app_terms enable row level security;
create policy of_everybody on published_app_terms for select using (true);
grant select on published_app_terms to mosis_api;

-- A word fits the better the larger its part of the name is, then as a tag, then the more often it is in the
-- description. Times are seconds since 2020, which last until 2088.
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

create function insert_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  -- In the order of the key: of many apps at once it is a fifth of the time.
  insert into published_app_terms
  select term, rank, app_no
  from after, terms_of_app(name, category, tags, words, published_at, updated_at)
  order by term, rank, app_no;
  return null;
end
$$;
create function update_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
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
create function delete_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  delete from published_app_terms gone using (
    select term, rank, app_no
    from before, terms_of_app(name, category, tags, words, published_at, updated_at)
  ) former
  where gone.term = former.term and gone.rank = former.rank and gone.app_no = former.app_no;
  return null;
end
$$;
create trigger published_apps_insert_terms after insert on published_apps
  referencing new table as after for each statement execute function insert_terms();
create trigger published_apps_update_terms after update on published_apps
  referencing old table as before new table as after for each statement execute function update_terms();
create trigger published_apps_delete_terms after delete on published_apps
  referencing old table as before for each statement execute function delete_terms();

insert into published_app_terms
select term, rank, app_no
from published_apps, terms_of_app(name, category, tags, words, published_at, updated_at)
order by term, rank, app_no;

-- Down Migration
drop trigger published_apps_delete_terms on published_apps;
drop trigger published_apps_update_terms on published_apps;
drop trigger published_apps_insert_terms on published_apps;
drop function delete_terms();
drop function update_terms();
drop function insert_terms();
drop function terms_of_app(text, text, text[], tsvector, timestamptz, timestamptz);
drop table published_app_terms;
