-- Up Migration
create table app_versions (
  id uuid primary key default gen_random_uuid(),
  app_id uuid references apps(id) on delete cascade,
  version_code integer not null,
  version_name varchar(20) not null,
  package_url text not null,
  package_size bigint not null,
  signature varchar(512) not null,
  permissions jsonb default '[]',
  min_mosis_version varchar(20),
  release_notes text,
  status varchar(20) default 'draft',
  review_notes text,
  published_at timestamptz,
  created_at timestamptz default now(),
  unique(app_id, version_code)
);

-- Down Migration
drop table app_versions;
