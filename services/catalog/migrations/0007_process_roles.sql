-- Up Migration
-- Each process connects as a role of its own, which owns nothing: whatever a statement forgets to say in its
-- `where`, the api sees and changes rows of the developer it acts for only. Relay and webhooks work on the
-- rows of everybody, by policies of their own. Rights name the columns that statements use: a new column that
-- a process reads or writes needs a grant in its migration. Roles belong to the whole server and may exist
-- already.
do $$
declare
  process text;
begin
  foreach process in array array['mosis_api', 'mosis_relay', 'mosis_webhooks'] loop
    begin
      execute format('create role %I nologin', process);
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end
$$;

-- A connection acts for a developer's id, or for `*`, which sees everybody's rows. At first it acts for
-- nobody and sees none. It is not a routine, because policies of tables need it.
-- PostgreSQL guesses how many rows pass a policy. It takes `= any (…)` for 1 % of them, so it expected a
-- page of 50 to need all of a developer's apps, and read and sorted 4700 instead of 51. It takes `case` for
-- half of them.
create function mosis_sees(developer_id uuid) returns boolean
language sql stable parallel safe as $$
  select case when current_setting('mosis.tenant', true) = '*' then true
              else current_setting('mosis.tenant', true) = developer_id::text end
$$;
comment on function mosis_sees(uuid) is
  'Tells whether this connection acts for the account: the condition of row-level security';

-- Down Migration
drop function mosis_sees(uuid);
