-- Up Migration
create table idempotency_keys (
  developer_id uuid not null references developers(id) on delete cascade,
  actor_id uuid not null,
  key_hash bytea not null,
  -- The same key with another method, path or body is a mistake.
  request_hash bytea not null,
  -- Encrypted, because an answer may have a secret that is sent only once. While it is null, nobody else sees
  -- the row.
  answer bytea,
  created_at timestamptz not null default now(),
  primary key (actor_id, key_hash)
);
comment on table idempotency_keys is 'Answers to changes that came with an Idempotency-Key, for 24 hours';
comment on column idempotency_keys.developer_id is 'Account that has sent it';
comment on column idempotency_keys.actor_id is 'Session or key that has sent it';
comment on column idempotency_keys.key_hash is
  'SHA-256 of the Idempotency-Key, which is half of what decrypts the answer';
comment on column idempotency_keys.request_hash is 'SHA-256 of method, path and body';
comment on column idempotency_keys.answer is 'Encrypted answer; null while the change runs';
comment on column idempotency_keys.created_at is 'When the request came';
create index idempotency_keys_by_developer on idempotency_keys (developer_id, created_at);

alter table idempotency_keys enable row level security;
create policy of_tenant on idempotency_keys using (mosis_sees(developer_id));
grant select, insert, update (answer), delete on idempotency_keys to mosis_api;

-- Down Migration
drop table idempotency_keys;
