-- Up Migration
-- Columns as Debezium's outbox event router knows them, then what the relay needs. A published row is
-- deleted, so the table stays as small as the backlog.
create table outbox (
  -- Commit order within a developer; see the trigger.
  position bigint primary key,
  -- UUIDv7, the id of the event.
  id uuid not null,
  aggregate_type varchar(50) not null,
  aggregate_id varchar(255) not null,
  type varchar(100) not null,
  -- json, not jsonb: what was committed is what is published, byte for byte. Null: the aggregate is
  -- gone.
  payload json,
  created_at timestamptz not null default now(),
  developer_id uuid not null,
  topic varchar(100) not null,
  record_key varchar(255) not null,
  -- For connectors that order by transaction.
  transaction_id xid8 not null default pg_current_xact_id()
);

create sequence outbox_position owned by outbox.position;

-- Transactions draw numbers in one order and commit in another, so a number alone says nothing about
-- commit order. Here the developer is locked first, until the commit, and only then the number is
-- drawn: of two transactions of one developer, the one that commits first has the smaller numbers, and
-- whoever sees the second sees the first.
create function outbox_take_position() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(new.developer_id::text, 1));
  new.position := nextval('outbox_position');
  return new;
end
$$;

create trigger outbox_take_position before insert on outbox
  for each row execute function outbox_take_position();

-- Every row is deleted soon after it was written: vacuum by count, not by share of a table that is
-- nearly empty.
alter table outbox set (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 100000
);

-- Down Migration
drop table outbox;
drop function outbox_take_position();
