-- Up Migration
-- From where a session was begun and last used: shown to its developer and nobody else, and gone with the
-- session. Null for sessions from before.
alter table sessions
  add column address inet,
  add column last_address inet;

-- Devices that a developer has signed in with: whoever has an account is told of one that is new.
create table known_devices (
  developer_id uuid not null references developers(id) on delete cascade,
  -- SHA-256 of the developer, the network of the address and the client's name without versions, hex.
  device varchar(64) not null,
  last_seen_at timestamptz not null default now(),
  -- When a mail told of it. Null: none did, for the first device and beyond so many mails a day.
  noticed_at timestamptz,
  primary key (developer_id, device)
);

alter table known_devices enable row level security;
create policy of_tenant on known_devices using (mosis_sees(developer_id));
grant select, insert, update, delete on known_devices to mosis_api;

-- Down Migration
drop table known_devices;
alter table sessions drop column last_address, drop column address;
