-- Up Migration
-- A mail is written with the change that it reports. Its text is made when it is sent, so that no token lies
-- here.
create table mails (
  id uuid primary key,
  -- No reference: the last mail to a developer says that the account is gone.
  developer_id uuid,
  kind varchar(30) not null,
  recipient varchar(255) not null,
  request_id varchar(64) not null,
  attempts integer not null default 0,
  -- The sender that takes a mail moves this into the future, so that the mail comes again if it dies.
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  subjects varchar(100)[] not null default '{}'
);
comment on table mails is 'Mails on their way; a row is deleted when its mail has left';
comment on column mails.id is 'Id of the mail';
comment on column mails.developer_id is
  'Account that it is about; null: whoever has the address, if anybody has';
comment on column mails.kind is 'What the mail tells';
comment on column mails.recipient is 'Address that it goes to';
comment on column mails.request_id is 'Request that has caused it';
comment on column mails.attempts is 'How often it was tried to send it';
comment on column mails.due_at is
  'When it is tried next; the sender that takes it moves this into the future';
comment on column mails.created_at is 'When it was queued';
comment on column mails.subjects is
  'What it lists: beginnings of secrets, ids. Never what somebody has typed';
create index mails_due on mails (due_at);
-- The next notice of a kind looks here for one that still waits.
create index mails_by_developer on mails (developer_id);

alter table mails enable row level security;
create policy of_tenant on mails using (mosis_sees(developer_id));
-- `queue_mail` is the only way into the queue.
grant select, update (attempts, due_at), delete on mails to mosis_api;

-- Unlogged: a crash of PostgreSQL gives everybody a full bucket again, and a failed sign-in waits for no
-- disk.
create unlogged table throttles (
  key varchar(64) primary key,
  full_at timestamptz not null
);
comment on table throttles is
  'Buckets of what may be tried only so often, over all processes. Unlogged: a crash fills them';
comment on column throttles.key is 'SHA-256 of what is tried and with which address, hex';
comment on column throttles.full_at is 'When the bucket is full again, which says its level';

alter table throttles enable row level security;
-- A bucket belongs to nobody in particular: who acts for everybody sees it.
create policy of_tenant on throttles using (mosis_sees(null));
grant select, insert, update, delete on throttles to mosis_api;

-- Down Migration
drop table throttles;
drop table mails;
