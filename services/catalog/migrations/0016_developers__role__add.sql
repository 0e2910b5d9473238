-- Up Migration
alter table developers
  add column role varchar(20) not null default 'developer'
    check (role in ('developer', 'reviewer', 'admin'));

-- Down Migration
alter table developers drop column role;
