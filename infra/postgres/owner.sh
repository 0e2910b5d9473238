#!/bin/sh
# Makes the owner of the catalog's database, who is no superuser, and the database: run by the image of PostgreSQL
# in compose, once, when its volume is empty. Needs CATALOG_OWNER_PASSWORD.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$CATALOG_OWNER_PASSWORD" --username="$POSTGRES_USER" <<'SQL'
create role mosis login createdb createrole password :'password';
grant pg_signal_backend, pg_read_all_stats, pg_checkpoint to mosis;
create database mosis owner mosis;
SQL
