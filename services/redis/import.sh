# Replaces what is in it by the RDB file on standard input. That is loaded by a second server, of which the first one
# becomes a replica for a moment: it keeps what it has until the other's has come whole.
rm -rf /data/.import.*
work=$(mktemp -d /data/.import.XXXXXX)
second=
ask() { sh /mooring/ask.sh "$@"; }
clean() {
    [ -z "$second" ] || kill -9 "$second" 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT
give_up() {
    echo "$1" >&2
    exit 1
}
cat >"$work/dump.rdb" || give_up 'it could not be stored'
[ "$(head -c 5 "$work/dump.rdb")" = REDIS ] || [ "$(head -c 6 "$work/dump.rdb")" = VALKEY ] ||
    give_up 'that is no RDB file (redis-cli --rdb makes one)'
redis-check-rdb "$work/dump.rdb" >"$work/said" 2>&1 || give_up 'the dump is broken, or not whole'
redis-server --port 16379 --bind 127.0.0.1 --dir "$work" --save '' --appendonly no >"$work/said" 2>&1 &
second=$!
until [ "$(redis-cli -p 16379 PING 2>/dev/null)" = PONG ]; do
    kill -0 "$second" 2>/dev/null || give_up "it could not be loaded: $(tail -n 1 "$work/said")"
    sleep 0.1
done
ask REPLICAOF 127.0.0.1 16379 >/dev/null
until ask INFO replication | grep -q '^master_link_status:up'; do
    if ! kill -0 "$second" 2>/dev/null; then
        ask REPLICAOF NO ONE >/dev/null
        give_up "it could not be taken over: $(tail -n 1 "$work/said")"
    fi
    sleep 0.1
done
ask REPLICAOF NO ONE >/dev/null
