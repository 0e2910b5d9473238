-- Up Migration
-- Sessions from before get their full idle time once more.
alter table sessions
  add column last_used_at timestamptz not null default now(),
  add column idle_minutes integer not null default 480 check (idle_minutes > 0),
  add column user_agent varchar(200);

-- Down Migration
alter table sessions drop column user_agent, drop column idle_minutes, drop column last_used_at;
