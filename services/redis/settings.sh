# Starts it beside the one that runs, on no data and at no port, with the settings of the one to come.
work=$(mktemp -d)
redis-server /mooring/redis.conf --dir "$work" --port 0 --unixsocket "$work/socket" >"$work/said" 2>&1 &
until [ -S "$work/socket" ]; do
    if ! kill -0 $! 2>/dev/null; then
        # What it does not know may be a module's.
        ! grep -q 'Module Configuration' "$work/said" || echo 'unknown setting' >>"$work/said"
        grep 'unknown setting' "$work/said" || tail -n 2 "$work/said" | tr '\n' ' '
        exit 1
    fi
    sleep 0.05
done
kill -9 $!
