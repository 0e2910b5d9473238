-- Up Migration
-- Rows that Kafka refused, kept as they were until somebody decides.
create table outbox_quarantine (
  position bigint primary key,
  id uuid not null,
  aggregate_type varchar(50) not null,
  aggregate_id varchar(255) not null,
  type varchar(100) not null,
  payload json,
  created_at timestamptz not null,
  developer_id uuid not null,
  topic varchar(100) not null,
  record_key varchar(255) not null,
  transaction_id xid8 not null,
  reason text not null,
  quarantined_at timestamptz not null default now()
);

-- Down Migration
drop table outbox_quarantine;
