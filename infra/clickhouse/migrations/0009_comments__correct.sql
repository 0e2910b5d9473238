-- Up Migration

-- The books have an outcome that the comments did not name, and the hash of an install is of its id only.
alter table outcomes_raw comment column `outcome`
  'accepted, rejected, dropped, replayed, refused, discarded, warned; or lost: records of Kafka';
alter table outcome_days_raw comment column `outcome`
  'accepted, rejected, dropped, replayed, refused, discarded, warned; or lost: records of Kafka';
alter table erasures_raw comment column `install_hash`
  'SHA-256 of the install id in lower case, in hexadecimal';

-- Down Migration

alter table erasures_raw comment column `install_hash`
  'SHA-256 of app id and install id, in hexadecimal';
alter table outcome_days_raw comment column `outcome`
  'accepted, rejected, dropped, replayed, refused, discarded or warned';
alter table outcomes_raw comment column `outcome`
  'accepted, rejected, dropped, replayed, refused, discarded or warned';
