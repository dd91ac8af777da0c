mysql --defaults-file={data}/admin.cnf <<'SQL'
DROP USER IF EXISTS '{user}'@'%';
SQL
# One that has ended meanwhile is fine.
mysql --defaults-file={data}/admin.cnf --skip-column-names --batch \
    --execute="SELECT CONCAT('KILL ', id, ';') FROM performance_schema.processlist WHERE user = '{user}'" </dev/null |
    mysql --defaults-file={data}/admin.cnf --force
