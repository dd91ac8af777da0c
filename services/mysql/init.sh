# The one user that everything may be done by, given its password while nobody but this script reaches the server.
umask 077
password=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
printf '[client]\nuser = root\npassword = %s\nsocket = /tmp/mysql.sock\n' "$password" >{data}/admin.cnf
mysqld --defaults-file=/mooring/my.cnf --initialize-insecure
mysqld --defaults-file=/mooring/my.cnf --skip-networking --daemonize
echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$password';" | mysql --no-defaults --socket=/tmp/mysql.sock --user=root
mysqladmin --defaults-file={data}/admin.cnf shutdown
