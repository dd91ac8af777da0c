# The app's own scripts, the folders that they keep between builds, and the environment of what runs later.

# run_script NAME: a script of package.json, if there is one; what it prints is shown.
run_script() {
    [[ -n $(package '.scripts[$name]' --arg name "$1") ]] || return 0
    step "Running $1"
    local flags=()
    if [[ $1 == build || $1 == gcp-build || $1 == heroku-postbuild ]]; then read -ra flags < <(config NODE_BUILD_FLAGS) || true; fi
    [[ $manager == yarn || ${#flags[@]} -eq 0 ]] || flags=(-- "${flags[@]}")
    # Yarn runs nothing before it has installed.
    local runner=$manager
    [[ $1 != heroku-prebuild ]] || runner=npm
    with_config "$runner" run "$1" "${flags[@]}" 2>&1 | tee /tmp/output | sed -u 's/^/       /' ||
        fail "the script $1 of package.json failed: $(reason)" "mend it, then push again"
}

# What package.json calls cacheDirectories, beside node_modules: `.next/cache` and the like.
directories() {
    package '(.cacheDirectories // .cache_directories // [])[] | strings | ltrimstr("./") | rtrimstr("/") |
        select(test("(^|/)(node_modules|[.][.])(/|$)|^/") | not)'
}

restore_directories() {
    [[ -n $(directories) ]] && saved directories.tar && [[ $(config NODE_MODULES_CACHE) != false ]] || return 0
    tar -xf "$cache/directories.tar"
}

save_directories() {
    local there=() name
    for name in $(directories); do
        [[ ! -e $name ]] || there+=("$name")
    done
    [[ ${#there[@]} -eq 0 ]] || tar -cf "$cache/directories.tar" "${there[@]}"
}

write_environment() {
    mkdir -p .profile.d
    cp "$here/profile.sh" .profile.d/node.sh
    printf 'export PATH=%q:$PATH NODE_ENV=%q\n' "$build/.node/bin:$build/node_modules/.bin" "$NODE_ENV" >"$here/export"
}
