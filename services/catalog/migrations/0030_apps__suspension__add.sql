-- Up Migration
alter table apps
  -- What an admin has suspended only an admin restores.
  add column suspended_by varchar(20) check (suspended_by in ('developer', 'admin')),
  add column suspend_reason varchar(500);

update apps
set status = coalesce(status, 'draft'), suspended_by = case status when 'suspended' then 'admin' end
where status is null or status = 'suspended';

alter table apps
  add constraint apps_status check (status is not null and status in ('draft', 'published', 'suspended')),
  add constraint apps_suspended
    check ((status = 'suspended') = (suspended_by is not null)
           and (status = 'suspended' or suspend_reason is null));

-- Down Migration
alter table apps drop constraint apps_suspended, drop constraint apps_status;
alter table apps drop column suspend_reason, drop column suspended_by;
