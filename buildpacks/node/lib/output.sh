# How things are said, and programs run, in bin/compile.

step() { echo "-----> $1"; }
detail() { echo "       $1"; }

# fail WHAT-IS-WRONG WHAT-TO-DO
fail() {
    echo " !     $1 ($2)"
    exit 1
}

# quietly COMMAND…: what it prints is shown only when it fails, and stays in /tmp/output.
quietly() {
    "$@" >/tmp/output 2>&1 || {
        local status=$?
        tail -n 20 /tmp/output | sed 's/^/       /'
        return "$status"
    }
}

# What package managers print beside a reason.
readonly noise='deprecat|^(npm )?warn(ing)?\b|a complete log|^\s*$|lifecycle|command failed with exit code|^\s+at |^\s*\^+\s*$'\
'|^node\.js v|^node:internal|^info (visit|if you|no lockfile)|^npm err! \S+@\S+ \S+: `|err! (system|command|cwd|node|not ok|stack +at|argv)'\
'|^npm (error|err!)( *$| (code|errno|syscall|path|command|dest|signal|file|not ok|cwd|node|npm|linux|system|argv|stack|gyp|exit status|failed at|this is probably)\b)'
readonly unreachable='ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOSPC|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_[A-Z_]+|CERT_[A-Z_]+'

# reason [LOG]: why what it printed came to nothing: that a host cannot be reached before anything else, then what the
# package manager calls an error, then an exception, then the last line.
reason() {
    local text
    text=$(sed -E 's/\x1b\[[0-9;]*m//g; s/\r$//' "${1:-/tmp/output}" | grep -viE "$noise") || true
    {
        grep -m 1 -E "\b($unreachable)\b" <<<"$text" ||
            grep -m 1 -E '^(npm (error|ERR!)|error |\s*ERR_PNPM|\s*➤? ?YN[0-9]+:.*(Error|Usage|not|no |fail))' <<<"$text" ||
            grep -m 1 -E '(^|\s)([A-Z][A-Za-z]*)?(Error|error)\b.*:|error TS[0-9]+' <<<"$text" ||
            grep -E '[[:alnum:]]' <<<"$text" | tail -n 1 || echo "it said nothing"
    } | head -n 1 | sed -E 's/^\s*(npm (error|ERR!)( (notarget|404|network|code|errno))*|error|ERR_PNPM_\w+|➤ YN[0-9]+: [^A-Za-z]*)\s*//; s/^\s+//' | cut -c 1-200
}

# config NAME: a config var, or nothing.
config() {
    [[ ! -f $env/$1 ]] || cat "$env/$1"
}

# with_config COMMAND…: with the app's config vars in its environment, as Heroku does: .npmrc names its tokens, build
# scripts read their settings. Not those that would break the build itself.
with_config() (
    for file in "$env"/*; do
        name=${file##*/}
        [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
        case $name in
        PATH | HOME | LANG | STACK | GIT_DIR | CPATH | CPPATH | LD_PRELOAD | LD_LIBRARY_PATH | LIBRARY_PATH | *_DIR) continue ;;
        esac
        export "$name=$(<"$file")"
    done
    exec "$@"
)

# saved KEY: is this file of the cache there? It is kept.
saved() {
    kept+=("$1")
    [[ -f $cache/$1 ]]
}

forget_unused() {
    local file
    for file in "$cache"/*; do
        [[ " ${kept[*]} " == *" ${file##*/} "* ]] || rm -rf "$file"
    done
}

digest() { sha256sum | cut -c 1-32; }
