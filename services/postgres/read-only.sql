-- Whoever may connect to the database is one of this role, which a database that takes its place is told of (import.sh).
SELECT 'CREATE ROLE "read_{database}" NOLOGIN'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'read_{database}') \gexec
GRANT pg_read_all_data TO "read_{database}";
GRANT CONNECT ON DATABASE "{database}" TO "read_{database}";
SELECT 'CREATE ROLE "{user}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') \gexec
ALTER ROLE "{user}" RESET ALL;
SELECT 'REVOKE "db_{database}" FROM "{user}"'
    WHERE pg_has_role('{user}', 'db_{database}', 'MEMBER') \gexec
GRANT "read_{database}" TO "{user}";
ALTER ROLE "{user}" LOGIN PASSWORD '{password}';
ALTER ROLE "{user}" SET default_transaction_read_only TO on;
