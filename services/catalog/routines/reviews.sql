-- Create
-- The queue and how long decisions took are everybody's, and say nothing of what is in a submission. The
-- views read as the owner of the table: the planner takes a policy for a filter that leaves one row of two
-- hundred, and sorted the whole queue for a page of it, 280 ms instead of 2 with 6400 that wait.
create or replace view review_queue as
  select id, app_id, developer_id, submitted_at, claimed_by, claimed_until from reviews
  where state = 'waiting';
comment on view review_queue is 'Reviews that wait, everybody''s, without what is in them';
comment on column review_queue.id is 'Id of the review';
comment on column review_queue.app_id is 'App of the version';
comment on column review_queue.developer_id is 'Account that has submitted it';
comment on column review_queue.submitted_at is 'When it was submitted, which is its place in the queue';
comment on column review_queue.claimed_by is 'Reviewer who has it until claimed_until; null: nobody';
comment on column review_queue.claimed_until is 'When the claim ends by itself';
create or replace view review_waits as
  select ended_at, ended_at - submitted_at as waited from reviews where decided_by is not null;
comment on view review_waits is 'How long decided reviews took, everybody''s';
comment on column review_waits.ended_at is 'When it was decided';
comment on column review_waits.waited is 'From the submission to the decision';
grant select on review_queue, review_waits to mosis_api;

-- Drop
drop view review_waits;
drop view review_queue;
