-- Up Migration
-- The submission of a draft that is deleted still counts, for the limit of a day and how long decisions take.
-- It goes with its app, and so with its developer.
alter table reviews
  alter column version_id drop not null,
  drop constraint reviews_version_id_fkey,
  add constraint reviews_version_id_fkey
    foreign key (version_id) references app_versions(id) on delete set null not valid,
  add constraint reviews_app_id_fkey
    foreign key (app_id) references apps(id) on delete cascade not valid;
alter table reviews validate constraint reviews_version_id_fkey;
alter table reviews validate constraint reviews_app_id_fkey;

-- Down Migration
delete from reviews where version_id is null;
alter table reviews
  drop constraint reviews_app_id_fkey,
  drop constraint reviews_version_id_fkey,
  alter column version_id set not null,
  add constraint reviews_version_id_fkey
    foreign key (version_id) references app_versions(id) on delete cascade;
