-- Up Migration
-- What a change that was sent with an Idempotency-Key was answered, for 24 hours.
create table idempotency_keys (
  developer_id uuid not null references developers(id) on delete cascade,
  -- Of the session or key that sent it.
  actor_id uuid not null,
  -- SHA-256 of the key, which is half of what decrypts the answer.
  key_hash bytea not null,
  -- SHA-256 of method, path and body: the same key with anything else is a mistake.
  request_hash bytea not null,
  -- Encrypted, because an answer may tell a secret once. Null while the change runs, which nobody else
  -- sees.
  answer bytea,
  created_at timestamptz not null default now(),
  primary key (actor_id, key_hash)
);
create index idempotency_keys_by_developer on idempotency_keys (developer_id, created_at);

alter table idempotency_keys enable row level security;
create policy of_tenant on idempotency_keys using (mosis_sees(developer_id));
grant select, insert, update, delete on idempotency_keys to mosis_api;

-- Down Migration
drop table idempotency_keys;
