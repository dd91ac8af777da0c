# Restores the backup on standard input (BACKUP DATABASE, a tar) as a fresh database beside the one named, which takes its
# place only when it has come whole.
file=import.$$.tar
sql() { clickhouse-client --config-file={data}/client.xml --query="$1"; }
give_up() {
    sql "DROP DATABASE IF EXISTS \`$1 (new)\` SYNC" 2>/dev/null || true
    echo "$2"
    exit 1
}
trap 'rm -f "{data}/backups/$file"' EXIT
cat >"{data}/backups/$file" || give_up "$1" 'it could not be stored'
# Of whichever database it is, its first entry that is one's definition says.
from=$(tar --list --file="{data}/backups/$file" | sed -n 's,^metadata/\([^/]*\)\.sql$,\1,p' | head -n 1)
[ -n "$from" ] || give_up "$1" 'that is no backup of a database (BACKUP DATABASE … TO File(….tar))'
sql "DROP DATABASE IF EXISTS \`$1 (new)\` SYNC"
said=$(sql "RESTORE DATABASE \`$from\` AS \`$1 (new)\` FROM File('$file') FORMAT Null" 2>&1) ||
    give_up "$1" "the dump is broken, or not whole: $(echo "$said" | head -n 1)"
sql "RENAME DATABASE \`$1\` TO \`$1 (old)\`" && sql "RENAME DATABASE \`$1 (new)\` TO \`$1\`"
sql "DROP DATABASE \`$1 (old)\` SYNC"
