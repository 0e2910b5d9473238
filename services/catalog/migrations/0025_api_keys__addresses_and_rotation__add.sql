-- Up Migration
alter table api_keys
  -- From where it works; none: from everywhere. The type refuses host bits, so a range has one form.
  add column cidrs cidr[] not null default '{}' check (cardinality(cidrs) <= 20),
  add column disabled boolean not null default false,
  -- When its secret was reported as public, until it is rotated.
  add column leaked_at timestamptz,
  -- Of the secret from before the last rotation, which works on until then.
  add column previous_hash varchar(64),
  add column previous_ends_at timestamptz,
  add constraint api_keys_previous check ((previous_hash is null) = (previous_ends_at is null));
-- A request with the secret from before looks it up by its hash too.
create unique index api_keys_previous_hash on api_keys (previous_hash) where previous_hash is not null;

-- Down Migration
drop index api_keys_previous_hash;
alter table api_keys
  drop constraint api_keys_previous,
  drop column previous_ends_at,
  drop column previous_hash,
  drop column leaked_at,
  drop column disabled,
  drop column cidrs;
