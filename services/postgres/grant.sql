-- Each commit would wait for the disk.
BEGIN;
SELECT 'CREATE ROLE "{user}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') \gexec
GRANT "db_{database}" TO "{user}";
ALTER ROLE "{user}" RESET default_transaction_read_only;
ALTER ROLE "{user}" LOGIN PASSWORD '{password}';
ALTER ROLE "{user}" SET role TO 'db_{database}';
COMMIT;
