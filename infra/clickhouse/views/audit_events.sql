-- Create

create or replace view audit_events (
  event_id UUID comment 'Id of the audit event',
  developer_id UUID comment 'Id of the developer whose it is',
  position UInt64 comment 'Place of the change in the order of commits',
  occurred_at DateTime64(3, 'UTC') comment 'When it happened, by the clock of the process that did it',
  actor_kind LowCardinality(String) comment 'What did it: key, session, operator or system',
  actor_id String comment 'Id of the key or session that did it, else empty',
  action LowCardinality(String) comment 'What was done, as app.created',
  target_type LowCardinality(String) comment 'What kind of thing was changed',
  target_id String comment 'Id of what was changed',
  request_id String comment 'Id of the request that did it',
  payload String
    comment 'The thing after the change, as JSON; of a deleted account without what tells of a person'
) comment 'Who changed what in the catalog, one row a change' as
select
  event_id, developer_id, position, occurred_at, actor_kind, actor_id, action, target_type, target_id,
  request_id, payload
from audit_events_raw final;

-- Drop

drop view if exists audit_events;
