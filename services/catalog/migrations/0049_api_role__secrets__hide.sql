-- Up Migration
-- Whoever gets to run SQL as mosis_api must not learn a hash, become an admin, or forge a message. So the
-- role writes hashes and never reads them: it presents one, and a function answers with the row that has it.
-- Columns that decide whose a row is, or what a developer is, are not the role's to write. A new column that
-- the api reads or writes needs a grant in its migration.

-- Temporary tables come first for a function, unless its path says otherwise: with one named `developers`, a
-- caller would decide what a function of the owner reads.
do $$
declare
  definer regprocedure;
begin
  for definer in
    select oid from pg_proc where prosecdef and pronamespace = 'public'::regnamespace
  loop
    execute format('alter function %s set search_path = pg_catalog, public, pg_temp', definer);
    execute format('revoke execute on function %s from public', definer);
  end loop;
end
$$;

-- Look-ups by what a request has presented. Each finds at most the row that has it, for a tenant that may see
-- it.
create function session_id_of(presented_hash text) returns uuid
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select id from sessions where token_hash = presented_hash and mosis_sees(developer_id)
$$;

create function keys_of(presented_hashes text[])
returns table (key_id uuid, developer_id uuid, hash text, is_previous boolean)
language sql stable rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  select id, keys.developer_id, key_hash, false from api_keys as keys
  where key_hash = any (presented_hashes) and mosis_sees(keys.developer_id)
  union all
  select id, keys.developer_id, previous_hash, true from api_keys as keys
  where previous_hash = any (presented_hashes) and mosis_sees(keys.developer_id)
$$;

create function account_token_of(presented_hash text)
returns table (developer_id uuid, purpose text, email text)
language sql stable rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  select tokens.developer_id, tokens.purpose, tokens.email from account_tokens as tokens
  where token_hash = presented_hash and expires_at > now() and mosis_sees(tokens.developer_id)
$$;

-- Uses it up: of two callers at once, one gets it.
create function use_account_token(presented_hash text, purposes text[])
returns table (developer_id uuid, purpose text, email text)
language sql volatile rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  delete from account_tokens as tokens
  where token_hash = presented_hash and tokens.purpose = any (purposes) and expires_at > now()
    and mosis_sees(tokens.developer_id)
  returning tokens.developer_id, tokens.purpose, tokens.email
$$;

-- Uses it up, as above. Without a developer it is one for signing in.
create function use_oauth_flow(presented_hash text, of_provider text, of_developer uuid)
returns table (redirect_uri text)
language sql volatile rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  delete from oauth_flows as flows
  where token_hash = presented_hash and provider = of_provider and expires_at > now()
    and developer_id is not distinct from of_developer and mosis_sees(developer_id)
  returning flows.redirect_uri
$$;

-- An address as somebody has typed it. Behind a policy only leakproof operators are index conditions, and
-- lower() is none.
create function developer_of(presented_email text) returns table (id uuid, email text)
language sql stable rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  select found.id, found.email from developers as found
  where lower(found.email) = lower(presented_email) and mosis_sees(found.id)
$$;
drop view credentials;

-- A password is never read either. The api is told how to hash (algorithm, cost, salt: the stored text up to
-- its last `$`), hashes what was typed, and asks whether that is it.
create function password_settings(of_developer uuid) returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select substring(password_hash from '^.*\$') from developers
  where id = of_developer and mosis_sees(id)
$$;

create function is_password(of_developer uuid, presented_hash text) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select exists (
    select from developers
    where id = of_developer and password_hash is not distinct from presented_hash and mosis_sees(id))
$$;

do $$
declare
  lookup regprocedure;
begin
  foreach lookup in array array[
    'session_id_of(text)', 'keys_of(text[])', 'account_token_of(text)', 'use_account_token(text, text[])',
    'use_oauth_flow(text, text, uuid)', 'developer_of(text)', 'password_settings(uuid)',
    'is_password(uuid, text)']::regprocedure[]
  loop
    execute format('revoke execute on function %s from public', lookup);
    execute format('grant execute on function %s to mosis_api', lookup);
  end loop;
end
$$;

-- A rotation keeps the secret from before, which the api cannot read.
create function keep_previous_hash() returns trigger language plpgsql as $$
begin
  new.previous_hash := old.key_hash;
  return new;
end
$$;
create trigger keep_previous_hash before update of key_hash on api_keys
  for each row when (new.key_hash <> old.key_hash and new.previous_ends_at is not null)
  execute function keep_previous_hash();

create function keep_previous_secret() returns trigger language plpgsql as $$
begin
  new.previous_secret := old.secret;
  return new;
end
$$;
create trigger keep_previous_secret before update of secret on webhooks
  for each row when (new.secret <> old.secret and new.previous_secret_until is not null)
  execute function keep_previous_secret();

-- What the outbox says is what the tables have: states are made here, from the row, and none is taken from
-- the caller. So nobody can announce a key that does not exist, or one with another hash or developer.
create function fill_outbox_row() returns trigger
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
               'previous_key_hash', previous_hash, 'previous_ends_at', rfc3339(previous_ends_at)) end
      into owner, state from api_keys where id = new.record_key::uuid;
    when 'catalog.apps' then
      select developer_id, json_build_object(
               'app_id', id, 'developer_id', developer_id, 'package_id', package_id, 'name', name,
               'status', status, 'updated_at', rfc3339(updated_at),
               'telemetry_events_per_day', telemetry_events_per_day,
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
revoke execute on function fill_outbox_row() from public;
-- By its name before `outbox_take_position`, which locks the developer until the commit.
create trigger outbox_fill before insert on outbox for each row execute function fill_outbox_row();

revoke all on developers, api_keys, sessions, account_tokens, oauth_flows, webhooks, outbox from mosis_api;
revoke update on
  api_key_apps, apps, app_versions, signing_keys, telemetry_restrictions, telemetry_erasures, mails,
  idempotency_keys, webhook_deliveries, reviews
  from mosis_api;
revoke delete on telemetry_erasures, webhook_deliveries from mosis_api;

grant select (id, email, name, role, verified, oauth_provider, oauth_id, created_at, updated_at),
  insert (email, name, password_hash, oauth_provider, oauth_id, verified),
  update (email, name, password_hash, oauth_provider, oauth_id, verified, updated_at),
  delete on developers to mosis_api;
grant select (id, developer_id, name, kind, key_prefix, permissions, all_apps, telemetry_events_per_second,
              cidrs, disabled, leaked_at, previous_ends_at, last_used_at, expires_at, created_at),
  insert (developer_id, name, kind, key_hash, key_prefix, permissions, all_apps, expires_at,
          telemetry_events_per_second, cidrs),
  update (name, key_hash, key_prefix, permissions, cidrs, disabled, expires_at, telemetry_events_per_second,
          previous_ends_at, leaked_at, last_used_at),
  delete on api_keys to mosis_api;
grant select (id, developer_id, created_at, expires_at, last_used_at, idle_minutes, user_agent, address,
              last_address),
  insert (id, developer_id, token_hash, user_agent, idle_minutes, expires_at, address, last_address),
  update (last_used_at, last_address),
  delete on sessions to mosis_api;
grant select (developer_id, purpose, email, created_at, expires_at),
  insert (token_hash, developer_id, purpose, email, expires_at),
  delete on account_tokens to mosis_api;
grant select (provider, redirect_uri, developer_id, expires_at),
  insert (token_hash, provider, redirect_uri, developer_id, expires_at),
  delete on oauth_flows to mosis_api;
grant select (id, developer_id, url, host, event_types, description, previous_secret_until, disabled_at,
              disabled_reason, failing_since, created_at, updated_at),
  insert (id, developer_id, url, host, event_types, description, secret),
  update (url, host, event_types, description, secret, previous_secret_until, disabled_at, disabled_reason,
          failing_since, updated_at),
  delete on webhooks to mosis_api;
-- Not its position, time and transaction, which the database sets.
grant insert (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key)
  on outbox to mosis_api;

grant update (name, description, category, tags, status, updated_at, telemetry_events_per_day,
              telemetry_events_per_second, telemetry_days, latest_version_id, rollout_version_id,
              published_code_max, signing_fingerprint, suspended_by, suspend_reason, latest_code,
              latest_name) on apps to mosis_api;
grant update (version_name, package_url, package_size, package_digest, signature,
              signing_key_id, permissions, min_mosis_version, release_notes, status, review_notes,
              published_at, submitted_at, rollout_percent, halted_at, halt_reason, yanked_at, yank_reason,
              updated_at) on app_versions to mosis_api;
grant update (is_active, revoked_at, revoke_reason) on signing_keys to mosis_api;
grant update (attempts, due_at) on mails to mosis_api;
grant update (answer) on idempotency_keys to mosis_api;
grant update (status, attempts, next_attempt_at, error) on webhook_deliveries to mosis_api;
grant update (state, ended_at, claimed_by, claimed_until, decided_by, codes, notes, checks)
  on reviews to mosis_api;

-- Down Migration
-- With the table go the grants of its columns.
revoke all on
  developers, api_keys, sessions, account_tokens, oauth_flows, webhooks, outbox, apps, app_versions,
  signing_keys, mails, idempotency_keys, webhook_deliveries, reviews
  from mosis_api;
grant select, insert, update, delete on
  developers, api_keys, sessions, account_tokens, oauth_flows, webhooks, apps, app_versions, signing_keys,
  mails, idempotency_keys, webhook_deliveries
  to mosis_api;
grant select, insert, update on reviews to mosis_api;
grant update on api_key_apps, telemetry_restrictions, telemetry_erasures to mosis_api;
grant delete on telemetry_erasures to mosis_api;
grant insert on outbox to mosis_api;

drop trigger outbox_fill on outbox;
drop function fill_outbox_row();
drop trigger keep_previous_secret on webhooks;
drop function keep_previous_secret();
drop trigger keep_previous_hash on api_keys;
drop function keep_previous_hash();
drop function is_password(uuid, text);
drop function password_settings(uuid);
create view credentials as select id, email, password_hash from developers;
grant select on credentials to mosis_api;
drop function developer_of(text);
drop function use_oauth_flow(text, text, uuid);
drop function use_account_token(text, text[]);
drop function account_token_of(text);
drop function keys_of(text[]);
drop function session_id_of(text);
do $$
declare
  definer regprocedure;
begin
  for definer in
    select oid from pg_proc where prosecdef and pronamespace = 'public'::regnamespace
  loop
    execute format('alter function %s set search_path = pg_catalog, public', definer);
    -- That one was nobody's to call before.
    if definer <> 'project_apps(uuid[])'::regprocedure then
      execute format('grant execute on function %s to public', definer);
    end if;
  end loop;
end
$$;
