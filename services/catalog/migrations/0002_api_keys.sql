-- Up Migration
create table api_keys (
  id uuid primary key default gen_random_uuid(),
  developer_id uuid references developers(id) on delete cascade,
  name varchar(100) not null,
  key_hash varchar(255) not null,
  key_prefix varchar(10) not null,
  permissions jsonb default '[]',
  last_used_at timestamptz,
  expires_at timestamptz,
  created_at timestamptz default now()
);

-- Down Migration
drop table api_keys;
