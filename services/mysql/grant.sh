mysql --defaults-file={data}/admin.cnf <<'SQL'
CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY '{password}';
ALTER USER '{user}'@'%' IDENTIFIED BY '{password}';
-- In the name of a database an underscore is any letter, unless it is escaped.
SET @granting = CONCAT('GRANT ALL ON `', REPLACE('{database}', '_', '\\_'), '`.* TO ''{user}''@''%''');
PREPARE granting FROM @granting;
EXECUTE granting;
SQL
