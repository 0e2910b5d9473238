-- Up Migration
alter table developers
  add column role varchar(20) not null default 'developer'
    check (role in ('developer', 'reviewer', 'admin'));
comment on column developers.role is 'developer, reviewer or admin. Only the command of an operator sets it';
-- Ada@x.org and ada@x.org are one account. Sign-in looks an address up by lower(email), so this is its index
-- too.
create unique index developers_lower_email on developers (lower(email));
create unique index developers_oauth on developers (oauth_provider, oauth_id);
-- The sweep finds the oldest accounts here that were never confirmed.
create index developers_unconfirmed on developers (created_at) where verified is not true;

-- Whoever gets to run SQL as mosis_api must not learn a hash or become an admin. So the role writes password
-- hashes and never reads them, and cannot write `role`.
alter table developers enable row level security;
create policy of_tenant on developers using (mosis_sees(id));
grant select (id, email, name, role, verified, oauth_provider, oauth_id, created_at, updated_at),
  insert (email, name, password_hash, oauth_provider, oauth_id, verified),
  update (email, name, password_hash, oauth_provider, oauth_id, verified, updated_at),
  delete on developers to mosis_api;

-- A mail brings a token, and whoever has the token reads what is sent to the address.
create table account_tokens (
  token_hash varchar(64) primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  purpose varchar(30) not null check (purpose in ('email_verification', 'email_change', 'password_reset')),
  email varchar(255) not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
comment on table account_tokens is 'Tokens that a mail brings, which prove that its reader has the address';
comment on column account_tokens.token_hash is 'SHA-256 of the token, hex. The token is in the mail only';
comment on column account_tokens.developer_id is 'Account that it was made for';
comment on column account_tokens.purpose is 'email_verification, email_change or password_reset';
comment on column account_tokens.email is 'Address that its reader proves to have';
comment on column account_tokens.created_at is 'When it was made';
comment on column account_tokens.expires_at is 'When it stops working';
create index account_tokens_by_developer on account_tokens (developer_id);

alter table account_tokens enable row level security;
create policy of_tenant on account_tokens using (mosis_sees(developer_id));
grant select (developer_id, purpose, email, created_at, expires_at),
  insert (token_hash, developer_id, purpose, email, expires_at),
  delete on account_tokens to mosis_api;

-- Down Migration
drop table account_tokens;
drop policy of_tenant on developers;
alter table developers disable row level security;
revoke all on developers from mosis_api;
drop index developers_unconfirmed;
drop index developers_oauth;
drop index developers_lower_email;
alter table developers drop column role;
