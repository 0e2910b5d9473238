-- Create
create or replace function rfc3339(at timestamptz) returns text language sql immutable parallel safe as $$
  select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
comment on function rfc3339(timestamptz) is 'A time as it is in answers: RFC 3339, UTC, milliseconds';

-- States are made here from the row in the table, and none is taken from the caller. So nobody can announce a
-- key that does not exist, or one with another hash or developer.
create or replace function fill_outbox_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  owner uuid;
  state json;
  install_hash text;
begin
  case new.topic
    when 'audit.events' then
      if new.record_key <> new.developer_id::text
        or (new.payload ->> 'event_id', new.payload ->> 'developer_id', new.payload ->> 'action',
            new.payload ->> 'target_type', new.payload ->> 'target_id')
           is distinct from
           (new.id::text, new.developer_id::text, new.type::text, new.aggregate_type::text,
            new.aggregate_id::text)
      then
        raise check_violation using message = 'an audit event does not fit its row of the outbox';
      end if;
      return new;
    when 'catalog.keys' then
      select developer_id, case when not disabled then json_build_object(
               'key_id', id, 'key_hash', key_hash, 'kind', kind, 'developer_id', developer_id,
               'permissions', permissions,
               'app_ids', case when not all_apps then
                 array(select app_id from api_key_apps where key_id = id order by app_id) end,
               'expires_at', rfc3339(expires_at),
               'telemetry_events_per_second', telemetry_events_per_second, 'cidrs', cidrs::text[],
               'previous_key_hash', previous_hash, 'previous_ends_at', rfc3339(previous_ends_at),
               'quarantined', quarantined_at is not null) end
      into owner, state from api_keys where id = new.record_key::uuid;
    when 'catalog.apps' then
      select developer_id, json_build_object(
               'app_id', id, 'developer_id', developer_id, 'package_id', package_id, 'name', name,
               'status', status, 'updated_at', rfc3339(updated_at),
               'telemetry_events_per_day',
                 allowed_events_per_day(developer_id, telemetry_events_per_day),
               'telemetry_events_per_second', telemetry_events_per_second, 'telemetry_days', telemetry_days)
      into owner, state from apps where id = new.record_key::uuid;
    when 'catalog.restrictions' then
      select coalesce(developer_id, created_by), json_build_object(
               'restriction_id', id, 'developer_id', developer_id, 'app_id', app_id, 'key_id', key_id,
               'event_name', event_name, 'action', action, 'rate', rate,
               'expires_at', rfc3339(expires_at))
      into owner, state from telemetry_restrictions where id = new.record_key::uuid;
    when 'telemetry.erasures' then
      select apps.developer_id, erasures.install_hash, json_build_object(
               'erasure_id', erasures.id, 'developer_id', apps.developer_id, 'app_id', app_id,
               'install_hash', erasures.install_hash, 'requested_at', rfc3339(requested_at),
               'install_id', new.payload ->> 'install_id')
      into owner, install_hash, state
      from telemetry_erasures as erasures join apps on apps.id = app_id
      where erasures.id = new.record_key::uuid;
      if install_hash is null
        or encode(sha256(convert_to(new.payload ->> 'install_id', 'UTF8')), 'hex')
           is distinct from install_hash
      then
        raise check_violation using message = 'an erasure does not fit its row of telemetry_erasures';
      end if;
    else
      raise check_violation using message = format('the outbox has no topic %s', new.topic);
  end case;
  -- Without a row it is gone, which anybody may say of it: it has no state any more.
  if owner <> new.developer_id then
    raise check_violation using message = 'a state in the outbox is of another developer';
  end if;
  new.payload := state;
  return new;
end
$$;
comment on function fill_outbox_row() is
  'Trigger: makes the payload of a state from its table, and refuses what does not fit its row';
revoke execute on function fill_outbox_row() from public;
-- The name puts this trigger before `outbox_take_position`, which locks the developer until the commit.
create or replace trigger outbox_fill before insert on outbox
  for each row execute function fill_outbox_row();

-- Transactions draw numbers in one order and commit in another, so a number says nothing about commit order.
-- Here the developer is locked first, until the commit, and then the number is drawn: of two transactions of
-- one developer, the one that commits first has the smaller numbers, and whoever sees the second sees the
-- first.
create or replace function outbox_take_position() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(new.developer_id::text, 1));
  new.position := nextval('outbox_position');
  return new;
end
$$;
comment on function outbox_take_position() is
  'Trigger: draws the position of a row of the outbox in commit order of its developer';
create or replace trigger outbox_take_position before insert on outbox
  for each row execute function outbox_take_position();

-- Drop
drop trigger outbox_take_position on outbox;
drop function outbox_take_position();
drop trigger outbox_fill on outbox;
drop function fill_outbox_row();
drop function rfc3339(timestamptz);
