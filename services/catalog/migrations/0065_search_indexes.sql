-- Up Migration
-- How common a term is, by a sample: search reads common ones in another way than rare ones. Numbers of apps
-- are given out in order, so one in 64 of them is as good as any.
create index published_app_terms_sample on published_app_terms (term) where rank = 1 and app_no % 64 = 0;

-- Plans are made for any term, and it is common ones whose lists are long. As if there were 1000 terms:
-- of an average one PostgreSQL expects so few apps that it joins two lists in a nested loop.
alter table published_app_terms alter column term set (n_distinct = 1000);
analyze published_app_terms (term, rank, app_no);

-- No search of this release reads these. That of the release before it does, and takes tenths of a second
-- without them until its processes are replaced.
alter table published_apps alter column folded_name set not null;
drop index published_apps_words;
drop index published_apps_name_words;
drop index published_apps_lower_name;

-- Down Migration
create index published_apps_lower_name on published_apps (lower(name) collate "C", app_no);
create index published_apps_name_words on published_apps using gin (name_words);
create index published_apps_words on published_apps using gin (words);
alter table published_apps alter column folded_name drop not null;
drop index published_app_terms_sample;
alter table published_app_terms alter column term reset (n_distinct);
