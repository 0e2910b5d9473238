-- Up Migration
-- A webhook hears nothing that whoever has set it could not read: a key with `webhooks:write` only would hear
-- of the e-mail address of its developer.
alter table webhooks
  -- Without a reference: a webhook outlives its key, and hears what that could read.
  add column set_by_key_id uuid,
  add column permissions varchar(50)[];
comment on column webhooks.set_by_key_id is
  'The key that has set its url or event_types last; null: a session did';
comment on column webhooks.permissions is
  'What that key may read, and so what the webhook hears; null: everything';
grant select (set_by_key_id, permissions), insert (set_by_key_id, permissions),
  update (set_by_key_id, permissions)
  on webhooks to mosis_api;
grant select (permissions) on webhooks to mosis_relay;

-- Nobody has noted who set a webhook that is older than the column. It hears what every key could read that
-- may have set it: keys for all apps with `webhooks:write` that are not younger than its last change. With
-- none of these somebody had signed in.
with suspects as (
  select webhooks.id, count(distinct api_keys.id) as keys
  from webhooks join api_keys on api_keys.developer_id = webhooks.developer_id
  where all_apps and api_keys.permissions ? 'webhooks:write' and api_keys.created_at <= webhooks.updated_at
  group by webhooks.id
), common as (
  select suspects.id, permission
  from suspects
       join webhooks on webhooks.id = suspects.id
       join api_keys on api_keys.developer_id = webhooks.developer_id,
       lateral jsonb_array_elements_text(api_keys.permissions) as permission
  where all_apps and api_keys.permissions ? 'webhooks:write' and api_keys.created_at <= webhooks.updated_at
  group by suspects.id, suspects.keys, permission
  having count(*) = suspects.keys
)
update webhooks
set permissions = array(select permission from common where common.id = webhooks.id order by permission)
from suspects where suspects.id = webhooks.id;

-- A webhook that hears everything has no list.
update webhooks set permissions = null where 'audit:read' = any(permissions);

-- What a key loses, its webhooks lose too. What it gains later they hear when they are set again.
create function cut_webhooks() returns trigger
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  update webhooks
  set permissions = array(select unnest(permissions)
                          intersect select jsonb_array_elements_text(new.permissions) order by 1)
  where developer_id = new.developer_id and set_by_key_id = new.id;
  return null;
end
$$;
comment on function cut_webhooks() is
  'Takes from the webhooks that a key has set what the key may not read any more';
create trigger cut_webhooks after update of permissions on api_keys
  for each row when (new.permissions is distinct from old.permissions) execute function cut_webhooks();

-- Down Migration
drop trigger cut_webhooks on api_keys;
drop function cut_webhooks();
alter table webhooks drop column permissions, drop column set_by_key_id;
