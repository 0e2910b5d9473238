-- Up Migration

-- The outcomes of telemetry beyond plain acceptance: a few rows for deliveries that have any of them, and
-- counts of refused batches. They are written before the deliveries of their flush: whoever sees a delivery
-- sees its outcomes.
create table if not exists outcomes_raw (
  app_id UUID comment 'Id of the app' codec(ZSTD(1)),
  received_at DateTime64(3, 'UTC') comment 'When ingest received it' codec(Delta, ZSTD(1)),
  delivery_id UUID comment 'Id of the delivery: one request of a batch' codec(ZSTD(1)),
  outcome LowCardinality(String)
    comment 'accepted, rejected, dropped, replayed, refused, discarded or warned' codec(ZSTD(1)),
  reason LowCardinality(String) comment 'Code of the reason, empty for accepted' codec(ZSTD(1)),
  `count` UInt64 comment 'How many' codec(T64, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(received_at)
-- The delivery makes a second copy of a block fall onto the first; hour and app serve the books.
order by (app_id, toStartOfHour(received_at), delivery_id, outcome, reason)
settings non_replicated_deduplication_window = 0
comment 'Outcomes beyond plain acceptance, for 400 days; read the view outcomes';

-- Single deliveries and their outcomes are kept for 400 days (WRITER_DELIVERIES_DAYS). A month of older ones
-- becomes one row a day, app, outcome and reason here, for good: the books of every day stay.
create table if not exists outcome_days_raw (
  app_id UUID comment 'Id of the app' codec(ZSTD(1)),
  day Date comment 'Day (UTC) that ingest received it' codec(Delta, ZSTD(1)),
  outcome LowCardinality(String)
    comment 'accepted, rejected, dropped, replayed, refused, discarded or warned' codec(ZSTD(1)),
  reason LowCardinality(String)
    comment 'Code of the reason; empty for accepted, and for how many events were warned' codec(ZSTD(1)),
  `count` UInt64 comment 'How many' codec(T64, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(day)
order by (app_id, day, outcome, reason)
settings non_replicated_deduplication_window = 0
comment 'The books of days whose single deliveries are gone';

-- Every view reads a month that stands here from outcome_days_raw, and from no delivery.
create table if not exists folded_months_raw (
  month UInt32 comment 'The month (UTC), as 202611',
  folded_at DateTime64(3, 'UTC') comment 'When it was summed up'
) engine = ReplacingMergeTree(folded_at)
order by month
settings non_replicated_deduplication_window = 0
comment 'Months whose deliveries were summed up by day';

-- Down Migration

drop table if exists folded_months_raw;
drop table if exists outcome_days_raw;
drop table if exists outcomes_raw;
