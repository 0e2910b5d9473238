-- Up Migration
create table developers (
  id uuid primary key default gen_random_uuid(),
  email varchar(255) unique not null,
  name varchar(100) not null,
  password_hash varchar(255),
  oauth_provider varchar(50),
  oauth_id varchar(255),
  verified boolean default false,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

-- Down Migration
drop table developers;
