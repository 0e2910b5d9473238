-- Up Migration
-- Every request that carries a key looks it up by hash. Unique, because two keys of one secret would
-- be one key.
create unique index api_keys_hash on api_keys (key_hash);
create index api_keys_by_developer on api_keys (developer_id, created_at, id);

-- Down Migration
drop index api_keys_by_developer;
drop index api_keys_hash;
