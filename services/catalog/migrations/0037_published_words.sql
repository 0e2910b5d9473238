-- Up Migration
-- Words of names and tags as they are written, to find the one that is meant by a misspelt one: 17 000
-- instead of the names of 75 000 apps, and of a name with two words each is found by itself. 0.3 ms a word;
-- with a trigram index on names it was 5 to 11 ms a search. A word stays when its last app goes: one that
-- leads to no app is never shown.
create table published_words (
  word text collate "C" primary key
);
create index published_words_trigrams on published_words using gin (word gin_trgm_ops);
alter table published_words enable row level security;
create policy of_everybody on published_words for select using (true);
grant select on published_words to mosis_api;

create function words_of_app(name text, tags text[]) returns setof text
language sql immutable parallel safe as $$
  select word
  from unnest(tsvector_to_array(to_tsvector('simple', name || ' ' || array_to_string(tags, ' ')))) word
  where length(word) between 3 and 50 and word !~ '^[0-9.-]+$'
$$;

create function add_words() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  -- In one order, so that two who add the same words wait for each other and not in a circle.
  insert into published_words
  select distinct word from after, words_of_app(name, tags) word order by word
  on conflict do nothing;
  return null;
end
$$;
create trigger published_apps_insert_words after insert on published_apps
  referencing new table as after for each statement execute function add_words();
create trigger published_apps_update_words after update on published_apps
  referencing new table as after for each statement execute function add_words();

insert into published_words select distinct words_of_app(name, tags) from published_apps;

-- Down Migration
drop trigger published_apps_update_words on published_apps;
drop trigger published_apps_insert_words on published_apps;
drop function add_words();
drop function words_of_app(text, text[]);
drop table published_words;
