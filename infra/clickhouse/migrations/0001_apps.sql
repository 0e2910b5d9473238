-- Up Migration

-- Current state of each app, from the compacted topic catalog.apps. The version is the place of
-- the change in the outbox: a record that is delivered again, or late, never brings an old state back.
create table if not exists apps_raw (
  app_id UUID,
  developer_id UUID,
  package_id String,
  name String,
  status LowCardinality(String),
  updated_at DateTime64(3, 'UTC'),
  deleted UInt8,
  position UInt64
) engine = ReplacingMergeTree(position)
order by app_id;

create view if not exists apps as
select app_id, developer_id, package_id, name, status, updated_at
from apps_raw final
where deleted = 0;

-- What the dictionary reads. Deleted apps stay in it: their events are still there.
create view if not exists app_names as
select app_id, developer_id, package_id, name
from apps_raw final;

-- Names for the other tables. It reads a view because only a table's name is found in the database of the
-- dictionary, a query's is not. The writer reloads it after every change; the lifetime is for servers the
-- writer did not talk to.
create dictionary if not exists apps_dictionary (
  app_id UUID,
  developer_id UUID,
  package_id String,
  name String
) primary key app_id
source(clickhouse(table 'app_names'))
layout(complex_key_hashed())
lifetime(min 30 max 60);

-- Down Migration

drop dictionary if exists apps_dictionary;
drop view if exists app_names;
drop view if exists apps;
drop table if exists apps_raw;
