-- Up Migration
-- Messages that are on their way: written with the change they tell of, deleted when they have left. Their
-- text is made when they are sent, so that no token lies here.
create table mails (
  id uuid primary key,
  -- Null: whoever has the address, if anybody has. Not a reference: the last mail to a developer tells that
  -- the account is gone.
  developer_id uuid,
  kind varchar(30) not null,
  recipient varchar(255) not null,
  request_id varchar(64) not null,
  attempts integer not null default 0,
  -- When it is tried next. Whoever takes it moves this into the future, so that it comes again if they die.
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index mails_due on mails (due_at);

alter table mails enable row level security;
create policy of_tenant on mails using (mosis_sees(developer_id));
grant select, insert, update, delete on mails to mosis_api;

-- What a mail proves: whoever has the token reads what is sent to the address.
create table account_tokens (
  -- SHA-256 of the token, hex. The token is in the mail alone.
  token_hash varchar(64) primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  purpose varchar(30) not null check (purpose in ('email_verification', 'email_change', 'password_reset')),
  email varchar(255) not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index account_tokens_by_developer on account_tokens (developer_id);

alter table account_tokens enable row level security;
create policy of_tenant on account_tokens using (mosis_sees(developer_id));
grant select, insert, update, delete on account_tokens to mosis_api;

-- Down Migration
drop table account_tokens;
drop table mails;
