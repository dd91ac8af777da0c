CREATE OR REPLACE USER '{user}'@'%' IDENTIFIED BY '{password}';
-- In the name of a database an underscore is any letter, unless it is escaped.
EXECUTE IMMEDIATE CONCAT('GRANT SELECT, SHOW VIEW ON `', REPLACE('{database}', '_', '\\_'), '`.* TO \'{user}\'@\'%\'');
