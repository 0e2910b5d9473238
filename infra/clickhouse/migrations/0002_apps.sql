-- Up Migration

-- The current state of each app, from the compacted topic catalog.apps. The version is the place of the
-- change in the outbox: a record that is delivered again, or late, never brings an old state back.
create table if not exists apps_raw (
  app_id UUID comment 'Id of the app',
  developer_id UUID comment 'Id of the developer whose it is',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  name String comment 'Name of the app, empty once the account of its developer is deleted',
  status LowCardinality(String) comment 'Whether the app is a draft, published or suspended',
  updated_at DateTime64(3, 'UTC') comment 'When the catalog changed it last',
  deleted UInt8 comment '1 when the app is deleted',
  position UInt64 comment 'Place of the change in the order of commits',
  -- Apps from before there was a retention have the default.
  telemetry_days UInt16 default 180 comment 'How many days events of the app are kept'
) engine = ReplacingMergeTree(position)
order by app_id
comment 'The last state of each app, deleted ones too; read the view apps';

-- The dictionary reads this view, because only the name of a table is found in the database of the
-- dictionary, and that of a query is not. It stays as long as the dictionary does, so it is not in `views/`.
-- Deleted apps stay in it: their events are still there.
create view if not exists app_names (
  app_id UUID comment 'Id of the app',
  developer_id UUID comment 'Id of the developer whose it is',
  package_id String comment 'Name of the app as devices know it, empty while it is not known',
  name String comment 'Name of the app',
  telemetry_days UInt16 comment 'How many days events of the app are kept'
) comment 'What the dictionary of apps reads; deleted apps stay in it' as
select app_id, developer_id, package_id, name, telemetry_days
from apps_raw final;

-- Names for the other tables. The writer reloads it after every change; the lifetime is for servers that the
-- writer did not talk to. The user default has no password, so it reads as mosis_dictionary: the named
-- collection of that name, in the configuration of the server, has the login.
create dictionary if not exists apps_dictionary (
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

drop dictionary if exists apps_dictionary;
drop view if exists app_names;
drop table if exists apps_raw;
