-- Up Migration
create table signing_keys (
  id uuid primary key default gen_random_uuid(),
  developer_id uuid references developers(id) on delete cascade,
  name varchar(100) not null,
  public_key text not null,
  fingerprint varchar(64) not null,
  is_active boolean default true,
  created_at timestamptz default now()
);

-- Down Migration
drop table signing_keys;
