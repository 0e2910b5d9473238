-- Up Migration
alter table api_keys add column kind varchar(20) not null default 'management';
-- False: only the apps in api_key_apps. A flag, because an empty list must not come to mean "every
-- app" when the last app of a key is deleted.
alter table api_keys add column all_apps boolean not null default true;

create table api_key_apps (
  key_id uuid not null references api_keys(id) on delete cascade,
  app_id uuid not null references apps(id) on delete cascade,
  primary key (key_id, app_id)
);
-- For the cascade from apps.
create index api_key_apps_by_app on api_key_apps (app_id);

-- Down Migration
drop table api_key_apps;
alter table api_keys drop column all_apps;
alter table api_keys drop column kind;
