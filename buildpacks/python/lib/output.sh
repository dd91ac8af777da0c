# How bin/compile talks. Sourced.
step() { echo "-----> $*"; }
detail() { echo "       $*"; }

# Stop, with the one line that the user is told as the reason: what is wrong, and what to do.
fail() {
    echo " !     $1 ($2)"
    exit 1
}

# Run a command whose output matters only when it fails: then its end is shown, and `reason` is its word for it.
quietly() {
    local log=$tools/log
    "$@" >"$log" 2>&1 </dev/null && return
    tail -n 20 "$log" | sed 's/^/       /'
    reason=$({ grep -E '^\s*(ERROR|error|cause)[: ]' "$log" || grep -E '[[:alnum:]]' "$log" || echo "it said nothing"; } |
        tail -n 1 | sed -E 's/^\s*(ERROR|error|cause): *//; s/\. .*//; s/\s+$//' | cut -c 1-200)
    return 1
}
