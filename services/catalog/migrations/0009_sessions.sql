-- Up Migration
create table sessions (
  id uuid primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  token_hash varchar(64) not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  last_used_at timestamptz not null default now(),
  idle_minutes integer not null default 480 check (idle_minutes > 0),
  user_agent varchar(200),
  -- Addresses are shown to the developer of the session and to nobody else, and go with the session.
  address inet,
  last_address inet,
  reauthenticated_at timestamptz,
  second_factor varchar(20) check (second_factor in ('totp', 'passkey', 'recovery_code')),
  second_factor_at timestamptz
);
comment on table sessions is 'Sign-ins of developers that have not ended';
comment on column sessions.id is 'Id of the session';
comment on column sessions.developer_id is 'Account that has signed in';
comment on column sessions.token_hash is
  'SHA-256 of the token, hex. The token is told once and stored nowhere';
comment on column sessions.created_at is 'When it began';
comment on column sessions.expires_at is 'When it ends at the latest';
comment on column sessions.last_used_at is 'When its last request came';
comment on column sessions.idle_minutes is 'Minutes without a request after which it ends';
comment on column sessions.user_agent is 'What the client says it is; null: it says nothing';
comment on column sessions.address is
  'Address that it was begun from; null for sessions from before this was noted';
comment on column sessions.last_address is 'Address of its last request';
comment on column sessions.reauthenticated_at is
  'When its developer has last proved in it who they are; null: not since it began';
comment on column sessions.second_factor is
  'totp, passkey or recovery_code: what proved it beside a password or provider; null: nothing';
comment on column sessions.second_factor_at is 'When the second factor was proved';
create index sessions_by_developer on sessions (developer_id, created_at, id);

alter table sessions enable row level security;
create policy of_tenant on sessions using (mosis_sees(developer_id));
-- The api presents the hash of a token to `session_id_of`, and never reads one.
grant select (id, developer_id, created_at, expires_at, last_used_at, idle_minutes, user_agent, address,
              last_address, reauthenticated_at, second_factor, second_factor_at),
  insert (id, developer_id, token_hash, user_agent, idle_minutes, expires_at, address, last_address,
          second_factor, second_factor_at),
  update (last_used_at, last_address, reauthenticated_at, second_factor, second_factor_at),
  delete on sessions to mosis_api;

-- A developer gets a mail about a sign-in with a device that is not here. No mail is sent about the first
-- device, nor beyond so many mails a day.
create table known_devices (
  developer_id uuid not null references developers(id) on delete cascade,
  device varchar(64) not null,
  last_seen_at timestamptz not null default now(),
  noticed_at timestamptz,
  primary key (developer_id, device)
);
comment on table known_devices is
  'Devices that developers have signed in with; one that is new is told by mail';
comment on column known_devices.developer_id is 'Account that has signed in';
comment on column known_devices.device is
  'SHA-256 of the account, the network and the name of the client, hex';
comment on column known_devices.last_seen_at is 'When it was used last to sign in';
comment on column known_devices.noticed_at is 'When a mail told of it; null: none did';

alter table known_devices enable row level security;
create policy of_tenant on known_devices using (mosis_sees(developer_id));
grant select, insert, update, delete on known_devices to mosis_api;

-- State, nonce and PKCE verifier of a sign-in are derived from its token, which only its browser has.
create table oauth_flows (
  token_hash varchar(64) primary key,
  provider varchar(50) not null,
  redirect_uri varchar(500) not null,
  developer_id uuid references developers(id) on delete cascade,
  expires_at timestamptz not null
);
comment on table oauth_flows is 'Sign-ins that are at a provider, to come back from it';
comment on column oauth_flows.token_hash is 'SHA-256 of the token that the browser has, hex';
comment on column oauth_flows.provider is 'Name of the provider';
comment on column oauth_flows.redirect_uri is 'Page that the provider sends the browser back to';
comment on column oauth_flows.developer_id is 'Account that is to be linked; null for signing in';
comment on column oauth_flows.expires_at is 'When it is too late to come back';
create index oauth_flows_by_developer on oauth_flows (developer_id);

alter table oauth_flows enable row level security;
create policy of_tenant on oauth_flows using (mosis_sees(developer_id));
grant select (provider, redirect_uri, developer_id, expires_at),
  insert (token_hash, provider, redirect_uri, developer_id, expires_at),
  delete on oauth_flows to mosis_api;

-- Down Migration
drop table oauth_flows;
drop table known_devices;
drop table sessions;
