-- Up Migration
-- By the collation of the key: of what a function returns it is that of the database, which sorts 3.4 million
-- terms twice as slowly, and where it is not C in another order than the key has.
create or replace function insert_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  -- In the order of the key: of many apps at once it is a fifth of the time.
  insert into published_app_terms
  select term, rank, app_no
  from after, terms_of_app(name, category, tags, words, published_at, updated_at)
  order by term collate "C", rank, app_no;
  return null;
end
$$;

-- Down Migration
create or replace function insert_terms() returns trigger
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
