SELECT 'ALTER ROLE "{user}" NOLOGIN' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') \gexec
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '{user}' \g /dev/null
-- What it has made without being the database's role stays, as the rest does.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') AND
    EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') AS there \gset
\if :there
\connect "{database}"
REASSIGN OWNED BY "{user}" TO "db_{database}";
DROP OWNED BY "{user}";
\endif
DROP ROLE IF EXISTS "{user}";
