-- Up Migration
update app_versions
set rollout_percent = 100, published_at = coalesce(published_at, created_at) where status = 'published';
update app_versions set submitted_at = created_at where status in ('review', 'approved', 'published');

alter table app_versions
  add constraint app_versions_status
    check (status is not null and status in ('draft', 'review', 'approved', 'published', 'rejected')),
  add constraint app_versions_submitted
    check (status not in ('review', 'approved', 'published') or submitted_at is not null),
  add constraint app_versions_published
    check ((status = 'published') = (published_at is not null)
           and (status = 'published') = (rollout_percent is not null)),
  add constraint app_versions_halted
    check ((halted_at is null) = (halt_reason is null) and (halted_at is null or status = 'published')),
  add constraint app_versions_yanked
    check ((yanked_at is null) = (yank_reason is null) and (yanked_at is null or status = 'published'));

-- One version of an app is in review at a time.
create unique index app_versions_in_review on app_versions (app_id) where status = 'review';

-- Down Migration
drop index app_versions_in_review;
alter table app_versions
  drop constraint app_versions_yanked,
  drop constraint app_versions_halted,
  drop constraint app_versions_published,
  drop constraint app_versions_submitted,
  drop constraint app_versions_status;
