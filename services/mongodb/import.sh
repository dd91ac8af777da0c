# Restores the archive on standard input (mongodump --archive) into a fresh database beside the one named. Its collections
# take the places of those that are there only when it has come whole.
umask 077
DATABASE=$1 FRESH=$1__new
export DATABASE FRESH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run() { mongosh --quiet --norc --file=/mooring/login.js "$@" mongodb://127.0.0.1:{port}/admin >"$work/said" 2>&1; }
give_up() {
    run --eval='db.getSiblingDB(process.env.FRESH).dropDatabase()' || true
    echo "$1"
    exit 1
}
printf 'password: %s\n' "$(cat {data}/admin)" >"$work/config"
mongorestore --config="$work/config" --port={port} --username=admin --authenticationDatabase=admin --archive --drop \
    --stopOnError --nsFrom='$from$.$collection$' --nsTo="$FRESH.\$collection\$" 2>"$work/said" ||
    give_up "the dump is broken, or not whole: $(tail -n 1 "$work/said")"
run --file=/mooring/swap.js || give_up "it could not be put in place: $(tail -n 1 "$work/said")"
