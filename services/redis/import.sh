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
redis-server --port 16379 --bind 127.0.0.1 --dir "$work" --save '' --appendonly no --repl-diskless-sync-delay 0 \
    >"$work/said" 2>&1 &
second=$!
until [ "$(redis-cli -p 16379 PING 2>/dev/null)" = PONG ]; do
    kill -0 "$second" 2>/dev/null || give_up "it could not be loaded: $(tail -n 1 "$work/said")"
    sleep 0.1
done
# The first one stores what it is sent, then writes its own file anew.
size=$(du -k "$work/dump.rdb" | cut -f 1)
rm "$work/dump.rdb"
[ "$(df -Pk "$work" | awk 'NR == 2 { print $4 }')" -gt $((2 * size + 1024)) ] || give_up 'no space left on the disk'
stay() {
    ask REPLICAOF NO ONE >/dev/null
    give_up "it could not be taken over: $1"
}
ask REPLICAOF 127.0.0.1 16379 >/dev/null
until ask INFO replication | grep -q '^master_link_status:up'; do
    kill -0 "$second" 2>/dev/null || stay "$(tail -n 1 "$work/said")"
    # It is asked for all of it anew where the first one could not store it.
    redis-cli -p 16379 INFO stats | grep -q '^sync_full:[01][^0-9]' || stay 'no space left on the disk?'
    sleep 0.1
done
# It takes no writes before all of it is on the disk: until then a crash brings back what was there before.
until state=$(ask INFO persistence) &&
    echo "$state" | grep -q '^aof_rewrite_in_progress:0' && echo "$state" | grep -q '^aof_rewrite_scheduled:0'; do
    sleep 0.1
done
if ! echo "$state" | grep -q '^aof_last_bgrewrite_status:ok'; then
    echo 'it could not be written: no space left on the disk?' >&2
    rm -rf "$work"
    ask SHUTDOWN NOSAVE
fi
ask REPLICAOF NO ONE >/dev/null
