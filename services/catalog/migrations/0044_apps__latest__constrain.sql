-- Up Migration
-- Not with the columns: nobody could read while it runs. What the store shows does not change by it.
alter table apps disable trigger apps_project_updated;
update apps set latest_code = version_code, latest_name = version_name
from app_versions where app_versions.id = apps.latest_version_id;
alter table apps enable trigger apps_project_updated;
alter table apps add constraint apps_latest_named
  check ((latest_version_id is null) = (latest_code is null)
     and (latest_code is null) = (latest_name is null)) not valid;
alter table apps validate constraint apps_latest_named;

-- Down Migration
alter table apps drop constraint apps_latest_named;
