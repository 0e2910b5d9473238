-- Create

create or replace view apps (
  app_id UUID comment 'Id of the app',
  developer_id UUID comment 'Id of the developer whose it is',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  name String comment 'Name of the app',
  status LowCardinality(String) comment 'Whether the app is a draft, published or suspended',
  updated_at DateTime64(3, 'UTC') comment 'When the catalog changed it last'
) comment 'The apps that there are' as
select app_id, developer_id, package_id, name, status, updated_at
from apps_raw final
where deleted = 0;

create or replace view {analysts}.apps (
  app_id UUID comment 'Id of the app',
  developer_id UUID comment 'Id of the developer whose it is',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  name String comment 'Name of the app',
  status LowCardinality(String) comment 'Whether the app is a draft, published or suspended',
  updated_at DateTime64(3, 'UTC') comment 'When the catalog changed it last'
) comment 'The apps that there are' as
select app_id, developer_id, package_id, name, status, updated_at
from apps;

-- Drop

drop view if exists {analysts}.apps;
drop view if exists apps;
