-- Up Migration
-- What a session was signed in with beside a password or a provider. Null: with nothing.
alter table sessions
  add column second_factor varchar(20) check (second_factor in ('totp', 'passkey', 'recovery_code')),
  add column second_factor_at timestamptz;

-- Secrets of authenticator apps. A developer has one that counts, and one that waits for its first code.
create table totps (
  id uuid primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  -- Encrypted, not hashed: codes are computed from it. The key is in the configuration of the api.
  secret bytea not null,
  created_at timestamptz not null default now(),
  -- Null: it waits for its first code.
  confirmed_at timestamptz,
  -- The 30 seconds of the last code that was taken, counted from 1970: each code is taken once.
  last_step bigint not null default 0
);
create unique index totps_confirmed on totps (developer_id) where confirmed_at is not null;
create unique index totps_pending on totps (developer_id) where confirmed_at is null;

create table recovery_codes (
  developer_id uuid not null references developers(id) on delete cascade,
  -- SHA-256 of the developer and the code, hex. The row goes when the code is used.
  code_hash varchar(64) not null,
  created_at timestamptz not null default now(),
  primary key (developer_id, code_hash)
);

-- Credentials of WebAuthn.
create table passkeys (
  id uuid primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  -- As authenticators chose it, base64url. One account has it.
  credential_id varchar(1364) not null unique,
  -- In COSE.
  public_key bytea not null,
  -- The greatest that was seen; 0 of authenticators that do not count.
  sign_count bigint not null,
  transports varchar(32)[] not null,
  backed_up boolean not null,
  name varchar(100) not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz
);
create index passkeys_by_developer on passkeys (developer_id, created_at, id);

-- Challenges for passkeys that are being registered.
create table passkey_challenges (
  -- SHA-256 of the challenge, hex.
  challenge_hash varchar(64) primary key,
  session_id uuid not null references sessions(id) on delete cascade,
  developer_id uuid not null references developers(id) on delete cascade,
  expires_at timestamptz not null
);
create index passkey_challenges_by_session on passkey_challenges (session_id);
create index passkey_challenges_by_developer on passkey_challenges (developer_id);

-- Sign-ins that wait for a second factor, or for a passkey.
create table sign_ins (
  -- SHA-256 of the token, hex.
  token_hash varchar(64) primary key,
  -- Null: whoever's passkey answers.
  developer_id uuid references developers(id) on delete cascade,
  -- SHA-256 of the password's hash and the provider when the first factor was right, hex: a sign-in does not
  -- outlive them.
  ways_in varchar(64),
  -- Of a passkey: SHA-256, hex, until it is used.
  challenge_hash varchar(64),
  challenge_expires_at timestamptz,
  attempts_left smallint not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  check ((developer_id is null) = (ways_in is null)),
  check ((challenge_hash is null) = (challenge_expires_at is null))
);
create index sign_ins_by_developer on sign_ins (developer_id, created_at);

alter table totps enable row level security;
create policy of_tenant on totps using (mosis_sees(developer_id));
alter table recovery_codes enable row level security;
create policy of_tenant on recovery_codes using (mosis_sees(developer_id));
alter table passkeys enable row level security;
create policy of_tenant on passkeys using (mosis_sees(developer_id));
alter table passkey_challenges enable row level security;
create policy of_tenant on passkey_challenges using (mosis_sees(developer_id));
alter table sign_ins enable row level security;
create policy of_tenant on sign_ins using (mosis_sees(developer_id));
-- What is sealed or hashed once is never changed by the api.
grant select, insert, delete on totps, recovery_codes, passkeys, passkey_challenges, sign_ins to mosis_api;
grant update (id, secret, created_at, confirmed_at, last_step) on totps to mosis_api;
grant update (sign_count, backed_up, name, last_used_at) on passkeys to mosis_api;
grant update (challenge_hash, challenge_expires_at, attempts_left) on sign_ins to mosis_api;
grant select (second_factor, second_factor_at), insert (second_factor, second_factor_at),
  update (second_factor, second_factor_at) on sessions to mosis_api;

-- What can sign in to an account, as a hash, for whoever need not read a password's hash: it differs as soon
-- as the password or the provider does.
create function ways_in(of_developer uuid) returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select encode(sha256(convert_to(jsonb_build_array(password_hash, oauth_provider, oauth_id)::text, 'UTF8')),
                'hex')
  from developers where id = of_developer and mosis_sees(id)
$$;
revoke execute on function ways_in(uuid) from public;
grant execute on function ways_in(uuid) to mosis_api;

-- Down Migration
drop function ways_in(uuid);
drop table sign_ins;
drop table passkey_challenges;
drop table passkeys;
drop table recovery_codes;
drop table totps;
alter table sessions drop column second_factor_at, drop column second_factor;
