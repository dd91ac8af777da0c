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
    reason=$(unreachable "$log")
    [[ -z $reason ]] || return 1
    reason=$({ grep -E '^\s*(ERROR|error|cause)[: ]' "$log" || grep -E '[[:alnum:]]' "$log" || echo "it said nothing"; } |
        tail -n 1 | sed -E 's/^\s*(ERROR|error|cause): *//; s/\. .*//; s/\s+$//' | cut -c 1-200)
    return 1
}

# What pip and uv say of a host that does not answer, which they then call a package that does not exist.
unreachable() {
    local cause host
    cause=$(grep -m 1 -oiE 'name or service not known|temporary failure in name resolution|nodename nor servname|failed to lookup address|connection refused|network is unreachable|no route to host|connect(ion)? time(d )?out|certificate verify failed|proxy authentication required|dns error' "$1" || true)
    [[ -n $cause ]] || return 0
    grep -qE 'ERROR: (Could not find a version|No matching|Could not install|HTTP|Could not fetch)|error(:|  )|Failed to (fetch|download)|Could not resolve host|fatal:' "$1" || return 0
    host=$(grep -m 1 -oE "host='[^']+'|https?://[^/ )'\"]+|resolve host: [^ ]+" "$1" | sed -E "s#^(host='|https?://([^@]*@)?|resolve host: )##; s/'\$//" | head -n 1)
    echo "${host:-the package index} cannot be reached: ${cause,,}"
}
