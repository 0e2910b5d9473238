-- Up Migration
-- Not with the columns: nobody could read while it runs. What the store shows does not change by it.
alter table apps disable trigger apps_project_updated;
update apps set latest_code = version_code, latest_name = version_name
from app_versions where app_versions.id = apps.latest_version_id;
alter table apps enable trigger apps_project_updated;
alter table apps add constraint apps_latest_named
  check (num_nulls(latest_version_id, latest_code, latest_name) in (0, 3)) not valid;
alter table apps validate constraint apps_latest_named;

-- Down Migration
alter table apps drop constraint apps_latest_named;
