mysql --defaults-file={data}/admin.cnf <<'SQL'
CREATE DATABASE IF NOT EXISTS `{database}`;
SQL
