# It starts from one of two files, by whether `appendonly` is set. Both have all of it when it has ended after this.
ask() { sh /mooring/ask.sh "$@"; }
ask CONFIG SET save '3600 1' appendonly yes >/dev/null
until ask INFO persistence | tr -d '\r' | grep -qx aof_rewrite_in_progress:0 &&
    ask INFO persistence | tr -d '\r' | grep -qx aof_rewrite_scheduled:0; do
    sleep 0.1
done
if ! ask INFO persistence | tr -d '\r' | grep -qx aof_last_bgrewrite_status:ok; then
    echo 'what is in it could not be written to the disk' >&2
    exit 1
fi
