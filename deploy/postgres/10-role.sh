#!/bin/bash
# Run once by the image `postgres`, when its data folder is empty: makes the role as which
# Hải Đăng runs. It owns nothing; `haidang store init` gives it what it needs.
# psql itself reads the password from the file, so it is in no argument list, and not in the
# server's log, whatever fails.
set -euo pipefail

[ -s "$HAIDANG_ROLE_PASSWORD_FILE" ] && [ -r "$HAIDANG_ROLE_PASSWORD_FILE" ] || {
    echo "$HAIDANG_ROLE_PASSWORD_FILE is empty or unreadable: make it with deploy/make-secrets" >&2
    exit 1
}
psql --no-psqlrc --no-password --quiet --set=ON_ERROR_STOP=1 --set=role="$HAIDANG_ROLE" \
    --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\set password `cat "$HAIDANG_ROLE_PASSWORD_FILE"`
CREATE ROLE :"role" LOGIN PASSWORD :'password';
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO :"role";
SQL
