-- Create
-- Search compares texts by how they look to whoever types: NFC and NFD, full width and ligatures, case,
-- accents and apostrophes are one, and any part of a name in a script without spaces is found. What is
-- indexed and what is asked for go through the same functions, and all of them go by Unicode's tables in the
-- server, not by the locale of the database. Tables store what they return: a change of one needs new rows
-- for the apps that are published already.

-- The scripts are those that are written without spaces between words; Hangul, whose words are put together;
-- and emoji, of which each is a word.
create or replace function unspaced_scripts() returns text language sql immutable parallel safe as $$
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
-- are, or the voicing of kana. Then follow letters which have no decomposition, as `unaccent` and CLDR's
-- Latin-ASCII have them, letters of Arabic that are typed for each other, quotes, dashes, and digits. Signs
-- of trade marks would become letters of the word before them.
create or replace function search_fold(value text) returns text language sql immutable parallel safe as $$
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

create or replace function search_name(value text) returns text language sql immutable parallel safe as $$
  select coalesce(nullif(btrim(regexp_replace(search_fold(value), '\s+', ' ', 'g')), ''), lower(value))
    collate "C"
$$;
comment on function search_name(text) is
  'A name, category or tag as search compares it: folded, with single spaces between words';

-- PostgreSQL's parser looks for an address, a host or a path from each place of a text anew: 2,400 characters
-- of `a1@` took 0.8 s. Without the characters that hold hosts, addresses, paths and numbers together it reads
-- a text once, and a part of a package id is as good as the whole.
create or replace function search_text(value text) returns text language sql immutable parallel safe as $$
  select case when octet_length(value) = length(value)
    then translate(search_fold(value), '&+-./:<@_~', '          ')
    else regexp_replace(translate(search_fold(value), '&+-./:<@_~', '          '),
                        '[' || unspaced_scripts() || ']+', ' \& ', 'g') end
$$;
comment on function search_text(text) is
  'A text, folded, with spaces between its words and its parts in scripts without spaces';

-- Each two signs that stand beside each other are one lexeme, so that every part of two or more is found. A
-- single sign is one too where that is asked for, and where it stands by itself.
create or replace function search_pairs(read text, singles boolean) returns tsvector
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

create or replace function search_words(value text, singles boolean) returns tsvector
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
comment on function published_name_words(text, text) is 'Lexemes of the name and the package id of an app';

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
comment on function published_words(tsvector, text, text, text[]) is 'All lexemes that an app is found by';

create or replace function words_of_app(name text, tags text[]) returns setof text
language sql immutable parallel safe as $$
  select word
  from unnest(tsvector_to_array(to_tsvector(
    'simple', search_text(name || ' ' || array_to_string(tags, ' '))))) word
  where length(word) between 3 and 50
    and word !~ '^[0-9]+$' and word !~ ('[' || unspaced_scripts() || ']')
$$;
comment on function words_of_app(text, text[]) is 'Words of the name and tags of an app';

-- All that an app has has rank 1, also its category and tags: what is asked for together is read from lists
-- in step, because an app has one rank in all of them. What is in its name also has the rank of the name, and
-- what is in its tags also 1000. Filters have that of the name, too. Times are seconds since 2020, which last
-- until 2088.
create or replace function app_terms(
  name text, words tsvector, published_at timestamptz, updated_at timestamptz
) returns table (term text, rank integer) language sql immutable parallel safe as $$
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
comment on function insert_terms() is 'Trigger: puts apps into published_app_terms';
revoke execute on function insert_terms() from public;
create or replace trigger published_apps_insert_terms after insert on published_apps
  referencing new table as after for each statement execute function insert_terms();
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
comment on function update_terms() is 'Trigger: brings published_app_terms up to date';
revoke execute on function update_terms() from public;
create or replace trigger published_apps_update_terms after update on published_apps
  referencing old table as before new table as after for each statement execute function update_terms();
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
comment on function delete_terms() is 'Trigger: takes apps out of published_app_terms';
revoke execute on function delete_terms() from public;
create or replace trigger published_apps_delete_terms after delete on published_apps
  referencing old table as before for each statement execute function delete_terms();

create or replace function add_words() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  -- In one order, so that two who add the same words wait for each other and not in a circle.
  insert into published_words
  select distinct word from after, words_of_app(name, tags) word order by word
  on conflict do nothing;
  return null;
end
$$;
comment on function add_words() is 'Trigger: adds the words of apps that the store shows to published_words';
revoke execute on function add_words() from public;
create or replace trigger published_apps_insert_words after insert on published_apps
  referencing new table as after for each statement execute function add_words();
create or replace trigger published_apps_update_words after update on published_apps
  referencing new table as after for each statement execute function add_words();

-- Drop
drop trigger published_apps_update_words on published_apps;
drop trigger published_apps_insert_words on published_apps;
drop function add_words();
drop trigger published_apps_delete_terms on published_apps;
drop function delete_terms();
drop trigger published_apps_update_terms on published_apps;
drop function update_terms();
drop trigger published_apps_insert_terms on published_apps;
drop function insert_terms();
drop function app_terms(text, tsvector, timestamptz, timestamptz);
drop function words_of_app(text, text[]);
drop function published_words(tsvector, text, text, text[]);
drop function published_name_words(text, text);
drop function search_words(text, boolean);
drop function search_pairs(text, boolean);
drop function search_text(text);
drop function search_name(text);
drop function search_fold(text);
drop function unspaced_scripts();
