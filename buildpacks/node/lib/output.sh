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

# The first line with a reason in what npm, yarn or pnpm printed.
reason() {
    sed -E 's/\x1b\[[0-9;]*m//g' /tmp/output | grep -iE 'err' | grep -vE 'A complete log|npm (error|ERR!) code|^\s*$' |
        head -n 1 | sed -E 's/^(npm (error|ERR!)( notarget| 404)?|error|\s*ERR_PNPM_\w+|➤ YN[0-9]+: [^A-Za-z]*)\s*//' | cut -c 1-160
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
