-- Up Migration
alter table api_keys
  add column kind varchar(20) not null default 'management',
  -- A flag, because an empty list must not come to mean "every app" when the last app of a key is deleted.
  add column all_apps boolean not null default true,
  add column telemetry_events_per_second integer
    check (telemetry_events_per_second between 1 and 10000000),
  -- The type refuses host bits, so a range has one form.
  add column cidrs cidr[] not null default '{}' check (cardinality(cidrs) <= 20),
  add column disabled boolean not null default false,
  add column leaked_at timestamptz,
  add column previous_hash varchar(64),
  add column previous_ends_at timestamptz,
  -- Beside `disabled`, which its owner has chosen and finds again after the quarantine.
  add column quarantined_at timestamptz,
  -- The key that made it, whose limits it never exceeds. Null also for keys from before this was noted.
  add column created_by_key_id uuid,
  -- No reference: sessions end, and their rows are deleted.
  add column created_by_session_id uuid,
  add column disabled_by_key_id uuid,
  add constraint api_keys_previous check ((previous_hash is null) = (previous_ends_at is null)),
  add constraint api_keys_disabled_by check (disabled_by_key_id is null or disabled),
  -- It has no cascade: whoever deletes a key says what became of those that it made, because ingest needs a
  -- message about each.
  add constraint api_keys_created_by_fkey foreign key (created_by_key_id) references api_keys(id);
comment on column api_keys.kind is 'management or ingest';
comment on column api_keys.all_apps is
  'Whether it serves every app of the account; otherwise those of api_key_apps';
comment on column api_keys.telemetry_events_per_second is
  'Events a second that it may send; null: only the limits of the app hold';
comment on column api_keys.cidrs is 'Ranges of addresses that it works from; none: from everywhere';
comment on column api_keys.disabled is 'Whether its owner, or the key that made it, has switched it off';
comment on column api_keys.leaked_at is 'When its secret was reported as public; null once it is rotated';
comment on column api_keys.previous_hash is
  'SHA-256 of the secret before the last rotation, hex, which works until previous_ends_at';
comment on column api_keys.previous_ends_at is 'When the previous secret stops working; null without one';
comment on column api_keys.quarantined_at is
  'Since when it waits for its owner to confirm it; null: it does not wait';
comment on column api_keys.created_by_key_id is
  'The key that made it, with which it is disabled and deleted; null: a session made it';
comment on column api_keys.created_by_session_id is
  'The session that made or adopted it, which may have ended';
comment on column api_keys.disabled_by_key_id is
  'The key whose disabling has disabled this one; null: it was disabled by itself';
-- Every request that carries a key looks it up by hash. Unique, because two keys of one secret would be one
-- key.
create unique index api_keys_hash on api_keys (key_hash);
-- A request with the secret before the last rotation looks it up by its hash too.
create unique index api_keys_previous_hash on api_keys (previous_hash) where previous_hash is not null;
create index api_keys_by_developer on api_keys (developer_id, created_at, id);
create index api_keys_by_maker on api_keys (created_by_key_id) where created_by_key_id is not null;

alter table api_keys enable row level security;
create policy of_tenant on api_keys to mosis_api using (mosis_sees(developer_id));
create policy of_relay on api_keys for select to mosis_relay using (true);
-- The relay writes down when telemetry has seen a key in use.
create policy of_relay_uses on api_keys for update to mosis_relay using (true);
-- The api presents hashes of secrets to `keys_of`, and never reads one. Whose a key is and which kind it has
-- is not its to change.
grant select (id, developer_id, name, kind, key_prefix, permissions, all_apps, telemetry_events_per_second,
              cidrs, disabled, leaked_at, previous_ends_at, last_used_at, expires_at, created_at,
              quarantined_at, created_by_key_id, created_by_session_id, disabled_by_key_id),
  insert (developer_id, name, kind, key_hash, key_prefix, permissions, all_apps, expires_at,
          telemetry_events_per_second, cidrs, created_by_key_id, created_by_session_id),
  update (name, key_hash, key_prefix, permissions, cidrs, disabled, expires_at, telemetry_events_per_second,
          previous_ends_at, leaked_at, last_used_at, quarantined_at, created_by_key_id,
          created_by_session_id, disabled_by_key_id),
  delete on api_keys to mosis_api;
grant select (id, developer_id, disabled, last_used_at), update (last_used_at) on api_keys to mosis_relay;

create table api_key_apps (
  key_id uuid not null references api_keys(id) on delete cascade,
  app_id uuid not null references apps(id) on delete cascade,
  primary key (key_id, app_id)
);
comment on table api_key_apps is 'Apps that a key serves, of keys that do not serve all';
comment on column api_key_apps.key_id is 'The key';
comment on column api_key_apps.app_id is 'The app';
-- The cascade from apps needs this index.
create index api_key_apps_by_app on api_key_apps (app_id);

alter table api_key_apps enable row level security;
-- The row has no owner of its own: whoever sees the key sees it.
create policy of_tenant on api_key_apps using (exists (select from api_keys where api_keys.id = key_id));
grant select, insert, delete on api_key_apps to mosis_api;

-- Down Migration
drop table api_key_apps;
drop policy of_relay_uses on api_keys;
drop policy of_relay on api_keys;
drop policy of_tenant on api_keys;
alter table api_keys disable row level security;
revoke all on api_keys from mosis_api, mosis_relay;
drop index api_keys_by_maker;
drop index api_keys_by_developer;
drop index api_keys_previous_hash;
drop index api_keys_hash;
alter table api_keys
  drop constraint api_keys_created_by_fkey,
  drop constraint api_keys_disabled_by,
  drop constraint api_keys_previous,
  drop column disabled_by_key_id,
  drop column created_by_session_id,
  drop column created_by_key_id,
  drop column quarantined_at,
  drop column previous_ends_at,
  drop column previous_hash,
  drop column leaked_at,
  drop column disabled,
  drop column cidrs,
  drop column telemetry_events_per_second,
  drop column all_apps,
  drop column kind;
