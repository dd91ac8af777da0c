# A dump of a database on standard output, in pg_dump's custom format: without owners, as who restores it is another.
exec pg_dump --format=custom --no-owner --no-acl --dbname="$1"
