-- Up Migration
alter table signing_keys
  -- Read from the key, so that the two cannot disagree: our PEM begins with the name of its algorithm.
  add column algorithm varchar(20) not null generated always as (
    case
      when public_key like '-----BEGIN PUBLIC KEY-----' || chr(10) || 'MCowBQYDK2Vw%' then 'ed25519'
      when public_key like '-----BEGIN PUBLIC KEY-----' || chr(10) || 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD%'
        then 'ecdsa_p256'
      else 'rsa'
    end) stored,
  add column revoked_at timestamptz,
  add column revoke_reason varchar(500);
comment on column signing_keys.algorithm is 'ed25519, ecdsa_p256 or rsa, read from the key';
comment on column signing_keys.revoked_at is
  'When it was revoked; null: it was not. A revoked key does not come back';
comment on column signing_keys.revoke_reason is 'Why it was revoked';
create index signing_keys_by_developer on signing_keys (developer_id, created_at, id);
-- A developer registers a key once, for good: a revoked one does not come back. Another developer may hold
-- the same key, and prove it.
create unique index signing_keys_fingerprint on signing_keys (developer_id, fingerprint);

alter table signing_keys enable row level security;
create policy of_tenant on signing_keys using (mosis_sees(developer_id));
grant select, insert, update (is_active, revoked_at, revoke_reason), delete on signing_keys to mosis_api;

-- Down Migration
drop policy of_tenant on signing_keys;
alter table signing_keys disable row level security;
revoke all on signing_keys from mosis_api;
drop index signing_keys_fingerprint;
drop index signing_keys_by_developer;
alter table signing_keys drop column revoke_reason, drop column revoked_at, drop column algorithm;
