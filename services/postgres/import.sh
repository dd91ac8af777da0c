# Restores the dump on standard input (pg_dump, custom format or plain SQL) into a fresh database beside the one named,
# which takes its place only when it has come whole.
name=$1 fresh="$1 (new)" old="$1 (old)"
work=$(mktemp -d)
watching=
trap 'rm -rf "$work"; [ -z "$watching" ] || kill "$watching" 2>/dev/null || true' EXIT
db() { psql -Xq --set=ON_ERROR_STOP=1 --set=name="$name" --set=fresh="$fresh" --set=old="$old" --set=owner="db_$name" "$@"; }
# Its log needs room of its own: a server that cannot write that ends. So an import is ended before nothing is left.
is_full() { [ "$(df -Pk {data} | awk 'NR == 2 { print $4 }')" -lt 131072 ]; }
watch() {
    while sleep 0.1; do
        ! is_full || {
            touch "$work/full"
            echo "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'fresh'" | db postgres >/dev/null
            return
        }
    done
}
give_up() {
    [ -z "$watching" ] || kill "$watching" 2>/dev/null || true
    [ ! -e "$work/full" ] || set -- 'no space left on the disk (it takes 128 MB more than the dump does)'
    echo "$1" >&2
    echo 'DROP DATABASE IF EXISTS :"fresh" WITH (FORCE);' | db postgres 2>/dev/null
    exit 1
}
! is_full || {
    touch "$work/full"
    give_up
}
db postgres 2>"$work/said" <<'SQL' || give_up "$(cat "$work/said")"
DROP DATABASE IF EXISTS :"fresh" WITH (FORCE);
DROP DATABASE IF EXISTS :"old" WITH (FORCE);
CREATE DATABASE :"fresh" OWNER :"owner" TEMPLATE template0;
REVOKE ALL ON DATABASE :"fresh" FROM PUBLIC;
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', :'fresh', rolname)
    FROM pg_roles WHERE rolname = 'read_' || :'name' \gexec
SQL
watch >/dev/null 2>&1 &
watching=$!
# Of which kind it is its first letters say; they are put before the rest again.
dd bs=1 count=5 of="$work/head" 2>/dev/null
case $(tr -d '\0' <"$work/head") in
PGDMP)
    cat "$work/head" - | pg_restore --no-owner --no-acl --role="db_$name" --exit-on-error --dbname="$fresh" \
        2>"$work/said" || give_up "the dump is broken, or not whole: $(head -n 1 "$work/said")"
    ;;
--* | SET* | [Cc][Rr][Ee][Aa][Tt] | BEGIN | "\\rest")
    # What it ends with is the only sign that a dump of plain SQL has come whole.
    {
        printf 'SET ROLE "db_%s";\n' "$name"
        cat "$work/head" - | awk '{ print } /^-- PostgreSQL database dump complete/ { whole = 1 } END { exit !whole }' ||
            touch "$work/cut"
    } | db --single-transaction --output=/dev/null --dbname="$fresh" 2>"$work/said" ||
        give_up "the dump was refused: $(head -n 1 "$work/said") (pg_dump --no-owner --no-acl)"
    [ ! -e "$work/cut" ] || give_up 'the dump is not whole: its last line is missing'
    ;;
*) give_up 'that is no dump of PostgreSQL (pg_dump --format=custom, or plain)' ;;
esac
kill "$watching" 2>/dev/null || true
[ ! -e "$work/full" ] || give_up
swap() {
    db postgres <<'SQL'
BEGIN;
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :'name' \g /dev/null
ALTER DATABASE :"name" RENAME TO :"old";
ALTER DATABASE :"fresh" RENAME TO :"name";
COMMIT;
SQL
}
# An app may come back between the first two.
for _ in 1 2 3 4 5 6; do
    if swap 2>"$work/said"; then
        echo 'DROP DATABASE :"old" WITH (FORCE);' | db postgres
        exit 0
    fi
done
give_up "the database could not be put in place: $(head -n 1 "$work/said")"
