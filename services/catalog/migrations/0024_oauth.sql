-- Up Migration
create unique index developers_oauth on developers (oauth_provider, oauth_id);

-- Sign-ins that are with a provider. State, nonce and PKCE verifier are derived from the token of the flow,
-- which its browser has alone.
create table oauth_flows (
  -- SHA-256 of the token, hex.
  token_hash varchar(64) primary key,
  provider varchar(50) not null,
  redirect_uri varchar(500) not null,
  -- Whose account is to be linked; null for signing in.
  developer_id uuid references developers(id) on delete cascade,
  expires_at timestamptz not null
);
create index oauth_flows_by_developer on oauth_flows (developer_id);

alter table oauth_flows enable row level security;
create policy of_tenant on oauth_flows using (mosis_sees(developer_id));
grant select, insert, update, delete on oauth_flows to mosis_api;

-- Down Migration
drop table oauth_flows;
drop index developers_oauth;
