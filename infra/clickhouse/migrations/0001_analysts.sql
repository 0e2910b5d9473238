-- Up Migration

-- Analysts read a database of their own beside this one: views whose every column may be read, so that
-- select *, describe and information_schema work. Ids of installs, refused events as they came and the
-- audit trail are not in it. A view is read with the rights of whoever asks, so it opens nothing.
create database if not exists {analysts};

-- Down Migration

drop database if exists {analysts};
