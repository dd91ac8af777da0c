# A backup of a database on standard output (BACKUP DATABASE, a tar). The server writes it to its disk first.
file=export.$$.tar
trap 'rm -f "{data}/backups/$file"' EXIT
clickhouse-client --config-file={data}/client.xml --query="BACKUP DATABASE \`$1\` TO File('$file') FORMAT Null"
cat "{data}/backups/$file"
