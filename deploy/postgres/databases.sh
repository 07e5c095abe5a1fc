#!/bin/sh
# Runs once, in an empty database folder: one owner and database for Segue, one owner and two databases for Temporal
# (its histories, and the index its UI searches). Neither owner can read the other's.
set -e # not -u: where the execute bit is lost, the image sources this file into its own script

psql --set=ON_ERROR_STOP=1 --no-psqlrc --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
  --set=segue_password="${SEGUE_DATABASE_PASSWORD:?}" --set=temporal_password="${TEMPORAL_DATABASE_PASSWORD:?}" <<'SQL'
CREATE ROLE segue LOGIN PASSWORD :'segue_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE segue OWNER segue;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE segue, temporal, temporal_visibility FROM PUBLIC;
SQL
