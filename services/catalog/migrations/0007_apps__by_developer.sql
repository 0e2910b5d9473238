-- Up Migration
-- "Apps of a developer", newest first: the id decides among apps of one moment, so that pages have one
-- order.
create index apps_by_developer on apps (developer_id, created_at, id);

-- Down Migration
drop index apps_by_developer;
