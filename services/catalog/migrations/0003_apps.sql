-- Up Migration
create table apps (
  id uuid primary key default gen_random_uuid(),
  developer_id uuid references developers(id) on delete cascade,
  package_id varchar(255) unique not null,
  name varchar(100) not null,
  description text,
  category varchar(50),
  tags varchar(50)[] default '{}',
  status varchar(20) default 'draft',
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

-- Down Migration
drop table apps;
