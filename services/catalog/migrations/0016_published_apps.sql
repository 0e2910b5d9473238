-- Up Migration
-- The apps as the store shows them, beside those that developers work on. The public read side and search
-- know only this table, those that triggers fill from it, and the view `published_versions`, so no forgotten
-- condition can show a draft. It is a table, not a view: its indexes hold nothing that is not published, and
-- behind the policies of `apps` the operators of text search could not be index conditions.
create table published_apps (
  app_id uuid primary key references apps(id) on delete cascade,
  app_no integer generated always as identity unique,
  package_id varchar(255) not null unique,
  name varchar(100) not null,
  description text,
  category varchar(50),
  tags varchar(50)[] not null,
  latest_version_id uuid,
  rollout_version_id uuid,
  published_at timestamptz not null,
  updated_at timestamptz not null,
  state_hash varchar(32) not null,
  name_words tsvector not null,
  words tsvector not null,
  -- C: other collations do not keep together what begins alike.
  folded_name text collate "C" not null
);
comment on table published_apps is
  'What the store shows of published apps; triggers keep it as apps and app_versions are';
comment on column published_apps.app_id is 'Id of the app';
comment on column published_apps.app_no is
  'Number of the app in published_app_terms, four bytes instead of sixteen';
comment on column published_apps.package_id is 'Package id';
comment on column published_apps.name is 'Name';
comment on column published_apps.description is 'Description';
comment on column published_apps.category is 'Category';
comment on column published_apps.tags is 'Tags';
comment on column published_apps.latest_version_id is
  'Newest version that all installs get; null without one';
comment on column published_apps.rollout_version_id is 'Version that some installs get; null without one';
comment on column published_apps.published_at is 'When the app came into the store';
comment on column published_apps.updated_at is 'When its latest version did';
comment on column published_apps.state_hash is
  'Hash of all that the store answers about it, rollouts included: the same hash, the same answer';
comment on column published_apps.name_words is 'Lexemes of name and package id';
comment on column published_apps.words is
  'All lexemes: A of the name, B of tags, D of the description, and the filters c: for the category, t: '
  'for tags';
comment on column published_apps.folded_name is 'The name as search compares it; see search_name';
-- A name is found by its beginning.
create index published_apps_folded_name on published_apps (folded_name, app_no);

alter table published_apps enable row level security;
create policy of_everybody on published_apps for select using (true);
grant select on published_apps to mosis_api;

-- The store's answer about an app, ready to be sent: one probe of one index instead of five, and nothing
-- to put together for each request. A version that is published and the key that signed it never change, so
-- the answer changes only when `state_hash` does. It is apart from published_apps, whose rows search reads by
-- the thousand.
create table published_app_answers (
  app_id uuid primary key references published_apps(app_id) on delete cascade,
  package_id varchar(255) not null unique,
  state_hash varchar(32) not null,
  answer text not null
);
comment on table published_app_answers is 'What the store answers about a published app, ready to be sent';
comment on column published_app_answers.app_id is 'Id of the app';
comment on column published_app_answers.package_id is 'Package id of the app';
comment on column published_app_answers.state_hash is 'That of published_apps which the answer was made of';
comment on column published_app_answers.answer is 'Body of the answer, JSON';
-- The answer stays in the row as long as it fits into a page: elsewhere it would be a second probe.
alter table published_app_answers alter column answer set storage main;

alter table published_app_answers enable row level security;
create policy of_everybody on published_app_answers for select using (true);
grant select on published_app_answers to mosis_api;

-- The apps of each term, the best first. A GIN index gives what it finds in no order, so the best of 20 000
-- apps are known only when all of them are read: 3.5 ms for a word that a quarter of the apps have. Here they
-- are the beginning of a range of the primary key.
create table published_app_terms (
  term text collate "C" not null,
  rank integer not null,
  app_no integer not null,
  primary key (term, rank, app_no)
);
comment on table published_app_terms is
  'Published apps by term, the best first: what search and lists of the store read';
comment on column published_app_terms.app_no is 'Number of the app in published_apps';
comment on column published_app_terms.term is
  'w: and a lexeme, c: and a category or t: and a tag; u: and n: for lists by update and by age, followed by '
  'c: or t: for filtered ones';
comment on column published_app_terms.rank is
  'By w: 1 for all that an app has, and more for what is in its tags and its name; in lists seconds since '
  '2020. The greatest comes first';
-- Search reads common terms in another way than rare ones, and learns from this sample which a term is.
-- Numbers of apps are given out in order, so one in 64 of them is as good as any.
create index published_app_terms_sample on published_app_terms (term) where rank = 1 and app_no % 64 = 0;
-- Plans are made for any term, and it is common ones whose lists are long. From the true number of terms
-- PostgreSQL expects so few apps of an average one that it joins two lists in a nested loop.
alter table published_app_terms alter column term set (n_distinct = 1000);

alter table published_app_terms enable row level security;
create policy of_everybody on published_app_terms for select using (true);
grant select on published_app_terms to mosis_api;

-- Words of names and tags, from which the one that a misspelt word means is found: 17 000 instead of the
-- names of 75 000 apps, and each word of a name by itself. That takes 0.3 ms a word; with a trigram index on
-- names it was 5 to 11 ms a search. A word stays when its last app goes: one that leads to no app is never
-- shown.
create table published_words (
  word text collate "C" primary key
);
comment on table published_words is
  'Words of names and tags in the store, to find the one that is meant by a misspelt one';
comment on column published_words.word is 'The word, folded; see search_fold';
create index published_words_trigrams on published_words using gin (word gin_trgm_ops);

alter table published_words enable row level security;
create policy of_everybody on published_words for select using (true);
grant select on published_words to mosis_api;

-- Down Migration
drop table published_words;
drop table published_app_terms;
drop table published_app_answers;
drop table published_apps;
