-- Up Migration
alter table api_keys
  -- The key that made it, whose limits it never exceeds, and with which it is disabled and deleted. Null when
  -- a session made or adopted it, and for keys from before this was noted.
  add column created_by_key_id uuid,
  -- The session that made or adopted it. Without a reference: sessions end, and are forgotten.
  add column created_by_session_id uuid,
  -- The key that is disabled, and this one with it. Null for one that is disabled by itself.
  add column disabled_by_key_id uuid,
  add constraint api_keys_disabled_by check (disabled_by_key_id is null or disabled) not valid,
  -- Whoever deletes a key says what became of those that it made: ingest has to be told of each.
  add constraint api_keys_created_by_fkey foreign key (created_by_key_id) references api_keys(id) not valid;
alter table api_keys validate constraint api_keys_disabled_by;
alter table api_keys validate constraint api_keys_created_by_fkey;
create index api_keys_by_maker on api_keys (created_by_key_id) where created_by_key_id is not null;
grant select (created_by_key_id, created_by_session_id, disabled_by_key_id),
  insert (created_by_key_id, created_by_session_id),
  update (created_by_key_id, created_by_session_id, disabled_by_key_id)
  on api_keys to mosis_api;

-- Down Migration
drop index api_keys_by_maker;
alter table api_keys
  drop constraint api_keys_created_by_fkey,
  drop constraint api_keys_disabled_by,
  drop column disabled_by_key_id,
  drop column created_by_session_id,
  drop column created_by_key_id;
