-- Create
-- The api never reads a hash: it presents one, and a function answers with the row that has it. Each finds at
-- most that row, for a tenant that may see it. The search path ends with pg_temp because temporary tables
-- come first unless a path says otherwise: with one named `developers`, a caller would decide what a function
-- of the owner reads.
create or replace function session_id_of(presented_hash text) returns uuid
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select id from sessions where token_hash = presented_hash and mosis_sees(developer_id)
$$;
comment on function session_id_of(text) is 'Finds a session by the hash of its token';
revoke execute on function session_id_of(text) from public;
grant execute on function session_id_of(text) to mosis_api;

create or replace function keys_of(presented_hashes text[])
returns table (key_id uuid, developer_id uuid, hash text, is_previous boolean)
language sql stable rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  select id, keys.developer_id, key_hash, false from api_keys as keys
  where key_hash = any (presented_hashes) and mosis_sees(keys.developer_id)
  union all
  select id, keys.developer_id, previous_hash, true from api_keys as keys
  where previous_hash = any (presented_hashes) and mosis_sees(keys.developer_id)
$$;
comment on function keys_of(text[]) is 'Finds keys by the hashes of their secrets, current or previous';
revoke execute on function keys_of(text[]) from public;
grant execute on function keys_of(text[]) to mosis_api;

create or replace function account_token_of(presented_hash text)
returns table (developer_id uuid, purpose text, email text)
language sql stable rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  select tokens.developer_id, tokens.purpose, tokens.email from account_tokens as tokens
  where token_hash = presented_hash and expires_at > now() and mosis_sees(tokens.developer_id)
$$;
comment on function account_token_of(text) is
  'Finds the account, purpose and address of a token that still works, by its hash';
revoke execute on function account_token_of(text) from public;
grant execute on function account_token_of(text) to mosis_api;

-- When two callers ask at once, one gets the token.
create or replace function use_account_token(presented_hash text, purposes text[])
returns table (developer_id uuid, purpose text, email text)
language sql volatile rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  delete from account_tokens as tokens
  where token_hash = presented_hash and tokens.purpose = any (purposes) and expires_at > now()
    and mosis_sees(tokens.developer_id)
  returning tokens.developer_id, tokens.purpose, tokens.email
$$;
comment on function use_account_token(text, text[]) is
  'Uses a token of a mail up, and tells its account, purpose and address';
revoke execute on function use_account_token(text, text[]) from public;
grant execute on function use_account_token(text, text[]) to mosis_api;

-- When two callers ask at once, one gets the flow. A flow without a developer is for signing in.
create or replace function use_oauth_flow(presented_hash text, of_provider text, of_developer uuid)
returns table (redirect_uri text)
language sql volatile rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  delete from oauth_flows as flows
  where token_hash = presented_hash and provider = of_provider and expires_at > now()
    and developer_id is not distinct from of_developer and mosis_sees(developer_id)
  returning flows.redirect_uri
$$;
comment on function use_oauth_flow(text, text, uuid) is
  'Uses a sign-in at a provider up, and tells the page to go back to';
revoke execute on function use_oauth_flow(text, text, uuid) from public;
grant execute on function use_oauth_flow(text, text, uuid) to mosis_api;

-- Takes an address as somebody has typed it. Behind a policy only leakproof operators are index conditions,
-- and lower() is none.
create or replace function developer_of(presented_email text) returns table (id uuid, email text)
language sql stable rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  select found.id, found.email from developers as found
  where lower(found.email) = lower(presented_email) and mosis_sees(found.id)
$$;
comment on function developer_of(text) is 'Finds the account of an address in any case';
revoke execute on function developer_of(text) from public;
grant execute on function developer_of(text) to mosis_api;

-- The api never reads a password's hash either. It gets how to hash (algorithm, cost and salt: the stored
-- text up to its last `$`), hashes what was typed, and asks whether that is the password.
create or replace function password_settings(of_developer uuid) returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select substring(password_hash from '^.*\$') from developers
  where id = of_developer and mosis_sees(id)
$$;
comment on function password_settings(uuid) is
  'Tells how the password of an account is hashed: algorithm, cost and salt';
revoke execute on function password_settings(uuid) from public;
grant execute on function password_settings(uuid) to mosis_api;

create or replace function is_password(of_developer uuid, presented_hash text) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select exists (
    select from developers
    where id = of_developer and password_hash is not distinct from presented_hash and mosis_sees(id))
$$;
comment on function is_password(uuid, text) is 'Tells whether this is the hash of the password of an account';
revoke execute on function is_password(uuid, text) from public;
grant execute on function is_password(uuid, text) to mosis_api;

-- Shows a change of the ways in to an account, without the hash of its password.
create or replace function ways_in(of_developer uuid) returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select encode(sha256(convert_to(jsonb_build_array(password_hash, oauth_provider, oauth_id)::text, 'UTF8')),
                'hex')
  from developers where id = of_developer and mosis_sees(id)
$$;
comment on function ways_in(uuid) is
  'Hash of the password and provider of an account, which differs as soon as one of them does';
revoke execute on function ways_in(uuid) from public;
grant execute on function ways_in(uuid) to mosis_api;

-- A rotation keeps the previous secret, which the api cannot read.
create or replace function keep_previous_hash() returns trigger language plpgsql as $$
begin
  new.previous_hash := old.key_hash;
  return new;
end
$$;
comment on function keep_previous_hash() is
  'Trigger: keeps the hash of the secret before a rotation of a key';
create or replace trigger keep_previous_hash before update of key_hash on api_keys
  for each row when (new.key_hash <> old.key_hash and new.previous_ends_at is not null)
  execute function keep_previous_hash();

create or replace function keep_previous_secret() returns trigger language plpgsql as $$
begin
  new.previous_secret := old.secret;
  return new;
end
$$;
comment on function keep_previous_secret() is 'Trigger: keeps the secret before a rotation of a webhook';
create or replace trigger keep_previous_secret before update of secret on webhooks
  for each row when (new.secret <> old.secret and new.previous_secret_until is not null)
  execute function keep_previous_secret();

-- Drop
drop trigger keep_previous_secret on webhooks;
drop function keep_previous_secret();
drop trigger keep_previous_hash on api_keys;
drop function keep_previous_hash();
drop function ways_in(uuid);
drop function is_password(uuid, text);
drop function password_settings(uuid);
drop function developer_of(text);
drop function use_oauth_flow(text, text, uuid);
drop function use_account_token(text, text[]);
drop function account_token_of(text);
drop function keys_of(text[]);
drop function session_id_of(text);
