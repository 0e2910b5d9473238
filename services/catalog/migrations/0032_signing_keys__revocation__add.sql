-- Up Migration
alter table signing_keys
  -- Read from the key: a PEM of ours begins with the name of its algorithm, so the two cannot disagree.
  add column algorithm varchar(20) not null generated always as (
    case
      when public_key like '-----BEGIN PUBLIC KEY-----' || chr(10) || 'MCowBQYDK2Vw%' then 'ed25519'
      when public_key like '-----BEGIN PUBLIC KEY-----' || chr(10) || 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD%'
        then 'ecdsa_p256'
      else 'rsa'
    end) stored,
  add column revoked_at timestamptz,
  add column revoke_reason varchar(500);

-- A key is registered once by a developer, for good: a revoked one does not come back. Another developer may
-- hold the same key, and prove it.
create unique index signing_keys_fingerprint on signing_keys (developer_id, fingerprint);

-- Down Migration
drop index signing_keys_fingerprint;
alter table signing_keys
  drop column algorithm,
  drop column revoked_at,
  drop column revoke_reason;
