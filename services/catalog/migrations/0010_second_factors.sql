-- Up Migration
create table totps (
  id uuid primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  -- Encrypted, not hashed: codes are computed from it. The key is in the configuration of the api.
  secret bytea not null,
  created_at timestamptz not null default now(),
  confirmed_at timestamptz,
  last_step bigint not null default 0
);
comment on table totps is
  'Secrets of authenticator apps: one that counts, and one that waits for its first code';
comment on column totps.id is 'Id of the factor';
comment on column totps.developer_id is 'Account that it belongs to';
comment on column totps.secret is 'Encrypted secret that codes are computed from';
comment on column totps.created_at is 'When it was made';
comment on column totps.confirmed_at is 'When its first code was right; null: it waits for that';
comment on column totps.last_step is
  'The 30 seconds of the last code that was taken, counted from 1970: a code is taken once';
-- A developer has one that counts, and one that waits for its first code.
create unique index totps_confirmed on totps (developer_id) where confirmed_at is not null;
create unique index totps_pending on totps (developer_id) where confirmed_at is null;

create table recovery_codes (
  developer_id uuid not null references developers(id) on delete cascade,
  code_hash varchar(64) not null,
  created_at timestamptz not null default now(),
  primary key (developer_id, code_hash)
);
comment on table recovery_codes is 'Codes that each stand once for a second factor; a used one is deleted';
comment on column recovery_codes.developer_id is 'Account that they belong to';
comment on column recovery_codes.code_hash is 'SHA-256 of the account and the code, hex';
comment on column recovery_codes.created_at is 'When it was made';

create table passkeys (
  id uuid primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  -- Only one account has it.
  credential_id varchar(1364) not null unique,
  public_key bytea not null,
  sign_count bigint not null,
  transports varchar(32)[] not null,
  backed_up boolean not null,
  name varchar(100) not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz
);
comment on table passkeys is 'Passkeys: credentials of WebAuthn';
comment on column passkeys.id is 'Id of the passkey';
comment on column passkeys.developer_id is 'Account that it signs in to';
comment on column passkeys.credential_id is 'Id that the authenticator has chosen, base64url';
comment on column passkeys.public_key is 'Public key, COSE';
comment on column passkeys.sign_count is
  'Greatest count that was seen; 0 of authenticators that do not count';
comment on column passkeys.transports is 'How the authenticator can be reached, as it says';
comment on column passkeys.backed_up is 'Whether it is copied to other devices, as the authenticator says';
comment on column passkeys.name is 'Name, as the developer writes it';
comment on column passkeys.created_at is 'When it was registered';
comment on column passkeys.last_used_at is 'When it was used last; null: never';
create index passkeys_by_developer on passkeys (developer_id, created_at, id);

create table passkey_challenges (
  challenge_hash varchar(64) primary key,
  session_id uuid not null references sessions(id) on delete cascade,
  developer_id uuid not null references developers(id) on delete cascade,
  expires_at timestamptz not null
);
comment on table passkey_challenges is 'Challenges of passkeys that are being registered';
comment on column passkey_challenges.challenge_hash is 'SHA-256 of the challenge, hex';
comment on column passkey_challenges.session_id is 'Session that registers';
comment on column passkey_challenges.developer_id is 'Account that registers';
comment on column passkey_challenges.expires_at is 'When it is too late to answer';
create index passkey_challenges_by_session on passkey_challenges (session_id);
create index passkey_challenges_by_developer on passkey_challenges (developer_id);

create table sign_ins (
  token_hash varchar(64) primary key,
  developer_id uuid references developers(id) on delete cascade,
  -- A sign-in ends when the password or the provider changes.
  ways_in varchar(64),
  challenge_hash varchar(64),
  challenge_expires_at timestamptz,
  attempts_left smallint not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  check ((developer_id is null) = (ways_in is null)),
  check ((challenge_hash is null) = (challenge_expires_at is null))
);
comment on table sign_ins is 'Sign-ins that wait for a second factor or a passkey';
comment on column sign_ins.token_hash is 'SHA-256 of the token that the client has, hex';
comment on column sign_ins.developer_id is
  'Account whose password was right; null: the account of the passkey that answers';
comment on column sign_ins.ways_in is
  'SHA-256 of the password hash and the provider when the first factor was right, hex';
comment on column sign_ins.challenge_hash is 'SHA-256 of the challenge for a passkey, hex, until it is used';
comment on column sign_ins.challenge_expires_at is 'When it is too late to answer the challenge';
comment on column sign_ins.attempts_left is 'Wrong answers that are still allowed';
comment on column sign_ins.created_at is 'When it began';
comment on column sign_ins.expires_at is 'When it ends';
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
-- The api never changes what is sealed or hashed once.
grant select, insert, delete on totps, recovery_codes, passkeys, passkey_challenges, sign_ins to mosis_api;
grant update (id, secret, created_at, confirmed_at, last_step) on totps to mosis_api;
grant update (sign_count, backed_up, name, last_used_at) on passkeys to mosis_api;
grant update (challenge_hash, challenge_expires_at, attempts_left) on sign_ins to mosis_api;

-- Down Migration
drop table sign_ins;
drop table passkey_challenges;
drop table passkeys;
drop table recovery_codes;
drop table totps;
