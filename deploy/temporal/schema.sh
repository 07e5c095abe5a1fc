#!/bin/sh
# Creates or upgrades Temporal's tables. Running it again changes nothing. Connection settings come as SQL_* variables.
set -eu

schema() { # database, folder of its migrations
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

schema temporal temporal
schema temporal_visibility visibility
