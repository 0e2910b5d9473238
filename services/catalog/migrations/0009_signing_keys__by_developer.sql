-- Up Migration
create index signing_keys_by_developer on signing_keys (developer_id, created_at, id);

-- Down Migration
drop index signing_keys_by_developer;
