-- A database belongs to a role that nobody logs in as, and what a link's user makes in it is that role's: so several
-- links share it, and what one has made stays when it goes.
SELECT 'CREATE ROLE "db_{database}" NOLOGIN'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'db_{database}') \gexec
SELECT 'CREATE DATABASE "{database}" OWNER "db_{database}"'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \gexec
SELECT 'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC'
    WHERE has_database_privilege('public', '{database}', 'CONNECT') \gexec
