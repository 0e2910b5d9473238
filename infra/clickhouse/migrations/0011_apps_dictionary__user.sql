-- Up Migration

-- The dictionary read as the user default, who has no password. It reads as mosis_dictionary now: the named
-- collection of that name, in the configuration of the server, has the login.
create or replace dictionary apps_dictionary (
  app_id UUID,
  developer_id UUID,
  package_id String,
  name String,
  telemetry_days UInt16 default 180
) primary key app_id
source(clickhouse(name mosis_dictionary table 'app_names'))
layout(complex_key_hashed())
lifetime(min 30 max 60);

-- Down Migration

create or replace dictionary apps_dictionary (
  app_id UUID,
  developer_id UUID,
  package_id String,
  name String,
  telemetry_days UInt16 default 180
) primary key app_id
source(clickhouse(table 'app_names'))
layout(complex_key_hashed())
lifetime(min 30 max 60);
