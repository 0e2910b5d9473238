-- Up Migration
-- The api connects as mosis_api, which owns nothing: whatever a statement of it forgets to say in its
-- `where`, it sees and changes rows of the developer it acts for, and of nobody else. Roles belong to
-- the whole server and may be there already.
do $$
begin
  create role mosis_api nologin;
exception when duplicate_object or unique_violation then
  null;
end
$$;

-- Whom a connection acts for: a developer's id, `*` for everybody's rows, and nothing at first, which
-- sees none.
create function mosis_sees(developer_id uuid) returns boolean
language sql stable parallel safe as $$
  select current_setting('mosis.tenant', true) = any (array['*', developer_id::text])
$$;

grant select, insert, update, delete on
  developers, api_keys, api_key_apps, apps, app_versions, signing_keys, sessions, telemetry_restrictions,
  telemetry_erasures
  to mosis_api;
-- What happened is written by the api, and read by the relay alone.
grant insert on outbox to mosis_api;
grant usage on sequence outbox_position to mosis_api;

alter table developers enable row level security;
create policy of_tenant on developers using (mosis_sees(id));
alter table api_keys enable row level security;
create policy of_tenant on api_keys using (mosis_sees(developer_id));
alter table apps enable row level security;
create policy of_tenant on apps using (mosis_sees(developer_id));
alter table signing_keys enable row level security;
create policy of_tenant on signing_keys using (mosis_sees(developer_id));
alter table sessions enable row level security;
create policy of_tenant on sessions using (mosis_sees(developer_id));
alter table telemetry_restrictions enable row level security;
create policy of_tenant on telemetry_restrictions using (mosis_sees(developer_id));
alter table outbox enable row level security;
create policy of_tenant on outbox for insert with check (mosis_sees(developer_id));

-- Rows without an owner of their own are seen with the row they belong to, by its policy.
alter table api_key_apps enable row level security;
create policy of_tenant on api_key_apps using (exists (select from api_keys where api_keys.id = key_id));
alter table app_versions enable row level security;
create policy of_tenant on app_versions using (exists (select from apps where apps.id = app_id));
alter table telemetry_erasures enable row level security;
create policy of_tenant on telemetry_erasures using (exists (select from apps where apps.id = app_id));

-- Behind a policy only leakproof operators are index conditions, and lower() is none: signing in looks
-- up the address through this view, which reads as the owner of the table.
create view credentials as select id, email, password_hash from developers;
grant select on credentials to mosis_api;

-- Down Migration
drop view credentials;
drop policy of_tenant on telemetry_erasures;
alter table telemetry_erasures disable row level security;
drop policy of_tenant on app_versions;
alter table app_versions disable row level security;
drop policy of_tenant on api_key_apps;
alter table api_key_apps disable row level security;
drop policy of_tenant on outbox;
alter table outbox disable row level security;
drop policy of_tenant on telemetry_restrictions;
alter table telemetry_restrictions disable row level security;
drop policy of_tenant on sessions;
alter table sessions disable row level security;
drop policy of_tenant on signing_keys;
alter table signing_keys disable row level security;
drop policy of_tenant on apps;
alter table apps disable row level security;
drop policy of_tenant on api_keys;
alter table api_keys disable row level security;
drop policy of_tenant on developers;
alter table developers disable row level security;
drop function mosis_sees(uuid);
revoke all on sequence outbox_position from mosis_api;
revoke all on
  developers, api_keys, api_key_apps, apps, app_versions, signing_keys, sessions, telemetry_restrictions,
  telemetry_erasures, outbox
  from mosis_api;
