#!/bin/sh
# Runs once, when the database is made: the program's user owns a schema of its own and may do nothing else there.
# compose.yaml mounts it; by hand: POSTGRES_USER, POSTGRES_DB, and the password's file as below.
set -eu
: "${TOCSIN_USER:=tocsin}" "${TOCSIN_PASSWORD_FILE:=/run/secrets/records}"
{
  printf '\\set password `cat "%s"`\n' "$TOCSIN_PASSWORD_FILE" # read by psql: it stands in no list of processes
  cat <<'SQL'
CREATE ROLE :"user" LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO :"user";
CREATE SCHEMA AUTHORIZATION :"user";
SQL
} | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=user="$TOCSIN_USER" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB"
