-- Create
-- A webhook loses what its key loses. What the key gains later it hears when it is set again.
create or replace function cut_webhooks() returns trigger
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
create or replace trigger cut_webhooks after update of permissions on api_keys
  for each row when (new.permissions is distinct from old.permissions) execute function cut_webhooks();

-- Drop
drop trigger cut_webhooks on api_keys;
drop function cut_webhooks();
