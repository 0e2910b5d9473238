-- Up Migration
create table sessions (
  id uuid primary key,
  developer_id uuid not null references developers(id) on delete cascade,
  -- SHA-256 of the token, hex. The token itself is nowhere.
  token_hash varchar(64) not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_by_developer on sessions (developer_id, created_at, id);

-- Down Migration
drop table sessions;
