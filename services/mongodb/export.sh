# An archive of a database on standard output (mongodump --archive).
umask 077
config=$(mktemp)
trap 'rm -f "$config"' EXIT
printf 'password: %s\n' "$(cat {data}/admin)" >"$config"
mongodump --quiet --config="$config" --port={port} --username=admin --authenticationDatabase=admin --db="$1" --archive
