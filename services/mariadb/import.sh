# Restores the dump on standard input (mariadb-dump of one database) into a fresh one beside the one named. What is in
# that takes the place of what is in this only when it has come whole. Without a name: ends what was cut off meanwhile.
server() { mariadb --defaults-file=/mooring/my.cnf --batch --skip-column-names "$@"; }
dump() { mariadb-dump --defaults-file=/mooring/my.cnf --no-data "$@"; }
# The statements that a query makes, run.
each() { server --execute="$1" | server; }

# Triggers, views, routines and events of a database, which no table brings along.
beside_tables() {
    dump --no-create-info --routines --events --add-drop-trigger "$1"
    server --execute="SELECT table_name FROM information_schema.views WHERE table_schema = '$1'" >"$work/views"
    [ ! -s "$work/views" ] || tr '\n' '\0' <"$work/views" | xargs -0 mariadb-dump --defaults-file=/mooring/my.cnf \
        --no-data --skip-triggers "$1"
}

drop_triggers() {
    each "SELECT CONCAT('DROP TRIGGER \`', trigger_schema, '\`.\`', REPLACE(trigger_name, '\`', '\`\`'), '\`;')
        FROM information_schema.triggers WHERE trigger_schema = '$1'"
}

# One statement, whole or not at all (mariadb.com/kb/en/atomic-ddl). The table that marks it is in the fresh database
# before, and with the old tables afterwards.
exchange() {
    each "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE db = '$name'" 2>/dev/null || true
    server --execute="SET SESSION group_concat_max_len = 4294967295; SELECT CONCAT('SET lock_wait_timeout = 5; RENAME TABLE ',
        GROUP_CONCAT('\`', table_schema, '\`.\`', REPLACE(table_name, '\`', '\`\`'), '\` TO \`',
            IF(table_schema = '$name' OR table_name = 'mooring import', '$old', '$name'), '\`.\`',
            REPLACE(table_name, '\`', '\`\`'), '\`' ORDER BY table_schema = '$fresh'), ';')
        FROM information_schema.tables WHERE table_schema IN ('$name', '$fresh') AND table_type <> 'VIEW'" >"$work/rename"
    server <"$work/rename"
}

is_marked() {
    [ -n "$(server --execute="SELECT 1 FROM information_schema.tables
        WHERE table_schema = '$fresh' AND table_name = 'mooring import'")" ]
}

# Nobody writes meanwhile, but for this.
take_place() {
    guarded=yes
    server --execute='SET GLOBAL read_only = 1'
    drop_triggers "$name"
    drop_triggers "$fresh"
    for _ in 1 2 3 4 5 6; do
        ! is_marked || exchange 2>"$work/said" || continue
        for what in PROCEDURE FUNCTION PACKAGE; do
            each "SELECT CONCAT('DROP $what IF EXISTS \`$name\`.\`', REPLACE(routine_name, '\`', '\`\`'), '\`;')
                FROM information_schema.routines WHERE routine_schema = '$name' AND routine_type = '$what'"
        done
        each "SELECT CONCAT('DROP EVENT \`$name\`.\`', REPLACE(event_name, '\`', '\`\`'), '\`;')
            FROM information_schema.events WHERE event_schema = '$name'"
        each "SELECT CONCAT('DROP VIEW IF EXISTS \`$name\`.\`', REPLACE(table_name, '\`', '\`\`'), '\`;')
            FROM information_schema.views WHERE table_schema = '$name'"
        server "$name" <"$state"
        drop_all
        return
    done
    server "$name" <"$state.before"
    give_up "the database could not be put in place: $(why)"
}

names() {
    name=$1 fresh="$1 (new)" old="$1 (old)" loader="import_$1" keeper="db_$1" state="{data}/import-$1.sql"
}

drop_all() {
    rm -f "$state" "$state.before" "$state.draft"
    server --execute="DROP DATABASE IF EXISTS \`$old\`; DROP DATABASE IF EXISTS \`$fresh\`;
        DROP USER IF EXISTS '$loader'@'localhost'"
}

why() { grep -m 1 '^ERROR' "$work/said" || head -n 1 "$work/said"; }

give_up() {
    echo "$1" >&2
    drop_all 2>/dev/null || true
    exit 1
}

work=$(mktemp -d)
guarded=
leave() {
    rm -rf "$work"
    [ -z "$guarded" ] || server --execute='SET GLOBAL read_only = 0'
}
trap leave EXIT
if [ "$#" = 0 ]; then
    for state in {data}/import-*.sql; do
        [ -e "$state" ] || continue
        names "$(basename "$state" .sql | sed 's/^import-//')"
        take_place
    done
    exit 0
fi
names "$1"
[ ! -e "$state" ] || take_place
secret=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
# As a user that may do nothing but in the fresh one. In the name of a database an underscore is any letter, unless it
# is escaped.
pattern=$(echo "$name" | sed 's/_/\\_/g')
server 2>"$work/said" <<SQL || give_up "$(why)"
DROP DATABASE IF EXISTS \`$fresh\`;
DROP DATABASE IF EXISTS \`$old\`;
CREATE DATABASE \`$fresh\`;
CREATE DATABASE \`$old\`;
CREATE OR REPLACE USER '$loader'@'localhost' IDENTIFIED BY '$secret';
GRANT ALL ON \`$pattern (new)\`.* TO '$loader'@'localhost';
SQL
# Of which kind it is its first letters say; they are put before the rest again.
dd bs=1 count=3 of="$work/head" 2>/dev/null
case $(tr -d '\0' <"$work/head") in
'-- ' | '/*M' | '/*!') ;;
*) give_up 'that is no dump of MariaDB (mariadb-dump DATABASE)' ;;
esac
# What it ends with is the only sign that it has come whole. Who made what is in it may be no user here.
{
    cat "$work/head" - | LC_ALL=C awk '/^\/\*!|^CREATE DEFINER=/ { gsub(/DEFINER=`[^`]*`@`[^`]*`/, "") }
        { print } /^-- Dump completed/ { whole = 1 } END { exit !whole }' || touch "$work/cut"
} | MYSQL_PWD=$secret mariadb --defaults-file=/mooring/my.cnf --user="$loader" --sandbox --database="$fresh" \
    >"$work/said" 2>&1 || give_up "the dump was refused: $(why)"
[ ! -e "$work/cut" ] || give_up 'the dump is not whole: its last line is missing'
# It belongs to a user as whom nobody comes in: who may do what is in the database alone, and stays when a link goes.
server 2>"$work/said" <<SQL || give_up "$(why)"
CREATE USER IF NOT EXISTS '$keeper'@'localhost' ACCOUNT LOCK;
GRANT ALL ON \`$pattern\`.* TO '$keeper'@'localhost';
CREATE TABLE \`$fresh\`.\`mooring import\` (n INT);
SQL
{ beside_tables "$name" >"$state.before" && beside_tables "$fresh" >"$work/state"; } 2>"$work/said" || give_up "$(why)"
LC_ALL=C awk -v from="DEFINER=\`$loader\`@\`localhost\`" -v to="DEFINER=\`$keeper\`@\`localhost\`" '
    /^\/\*!|^CREATE DEFINER=/ { gsub(from, to) } { print }' "$work/state" >"$state.draft" &&
    sync "$state.draft" && mv "$state.draft" "$state" || give_up 'it could not be stored'
take_place
