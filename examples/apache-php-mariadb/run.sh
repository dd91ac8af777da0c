#!/bin/sh
# Runs at every start of the container, never at its build: config vars are known here.
set -e
umask 077
# DATABASE_URL is mysql://USER:PASSWORD@HOST:PORT/DATABASE, as `mariadb:link` gives it.
php -r '
    $url = array_map("urldecode", parse_url(getenv("DATABASE_URL")));
    $dsn = "mysql:host={$url["host"]};port={$url["port"]};dbname=" . ltrim($url["path"], "/") . ";charset=utf8mb4";
    echo "<?php return ", var_export([$dsn, $url["user"], $url["pass"]], true), ";\n";
' >/app/config.php
chown www-data /app/config.php
# Uploads are on a volume that is linked to /uploads; Apache writes there.
chown www-data /uploads
php -r '
    (new PDO(...require "/app/config.php"))->exec("CREATE TABLE IF NOT EXISTS uploads (
        id INT AUTO_INCREMENT PRIMARY KEY, file VARCHAR(80) NOT NULL, title TEXT NOT NULL)");
'
exec apache2ctl -D FOREGROUND
