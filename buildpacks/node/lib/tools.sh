# Node.js, npm and the package manager of the lock file, in .node/ (bin/ has links into lib/).

read_settings() {
    NODE_ENV=$(config NODE_ENV)
    export NODE_ENV=${NODE_ENV:-production}
    export npm_config_cache=/tmp/npm npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
    # node-gyp is Python, and part of npm, which has to stay as it came.
    export PYTHONDONTWRITEBYTECODE=1
    [[ ! -f /etc/npmrc ]] || export NPM_CONFIG_GLOBALCONFIG=/etc/npmrc
    export YARN_ENABLE_TELEMETRY=0 YARN_CACHE_FOLDER=/tmp/yarn YARN_GLOBAL_FOLDER=/tmp/yarn-berry
    export COREPACK_HOME=/tmp/corepack
    export npm_config_store_dir=/tmp/pnpm npm_config_package_import_method=copy
    export npm_config_verify_deps_before_run=false pnpm_config_verify_deps_before_run=false
}

# Sets `manager`, `lock` (its file, or nothing) and `manager_range`.
choose_manager() {
    local declared file
    declared=$(package .packageManager)
    lock='' manager=''
    for file in npm-shrinkwrap.json package-lock.json yarn.lock pnpm-lock.yaml; do
        [[ -f $file ]] || continue
        case $file in yarn.lock) kind=yarn ;; pnpm-lock.yaml) kind=pnpm ;; *) kind=npm ;; esac
        [[ -z $manager || $manager == "$kind" ]] ||
            fail "there are two lock files, $lock and $file" "git rm the one that you do not use, then push again"
        manager=$kind lock=${lock:-$file}
    done
    [[ -z $lock || -z $declared || ${declared%%@*} == "$manager" ]] ||
        fail "package.json says packageManager ${declared%%+*}, but the lock file is $lock" "make them agree, then push again"
    manager=${manager:-${declared%%@*}}
    manager=${manager:-npm}
    case $manager in
    npm | yarn | pnpm) ;;
    *) fail "package.json says packageManager ${declared%%+*}" "npm, yarn and pnpm are the ones there are" ;;
    esac
    manager_range=''
    [[ $declared != *@* ]] || manager_range=${declared#*@} manager_range=${manager_range%%+*}
    manager_range=${manager_range:-$(package ".engines.$manager")}

    berry=
    if [[ $manager == yarn ]]; then
        if [[ $manager_range == [2-9]* || -f .yarnrc.yml ]] || grep -qs '^__metadata:' yarn.lock; then berry=1; fi
        manager_range=${manager_range:-${berry:+4}}
    fi
    case $manager in
    yarn) manager_range=${manager_range:-1} ;;
    pnpm) manager_range=${manager_range:-$(case $(grep -m 1 -s ^lockfileVersion pnpm-lock.yaml) in *5.*) echo 7 ;; *6.*) echo 8 ;; *) echo 10 ;; esac)} ;;
    esac
    npm_range=$(package .engines.npm)
    [[ $manager != npm || -z $manager_range ]] || npm_range=$manager_range
}

# Sets `node_range`: what comes from the registry; nothing for the distribution's Node.js.
choose_node() {
    local wanted actual
    wanted=$(package .engines.node)
    actual=$(dpkg-query -W -f '${Version}' nodejs)
    actual=${actual%%[+~-]*} node_range=
    # bin/packages decided by $debian_node whether the run image has it.
    if ! allows "$wanted" "$debian_node" || ! { [[ $actual == "$debian_node" ]] || allows "$wanted" "$actual"; }; then
        node_range=$wanted
    fi
    base=node-$actual
}

provide_tools() {
    local key
    key=tools-$(printf '%s\n' "$base" "$node_range" "$npm_range" "$manager" "$manager_range" "$STACK" "$(uname -m)" \
        "$(grep -hsm 1 lockfileVersion package-lock.json npm-shrinkwrap.json)" |
        cat - "$here"/lib/* "$here/bin/compile" | digest).tar
    tools=$key
    if saved "$key"; then
        tar -xf "$cache/$key"
    else
        install_tools
        [[ ! -d .node/lib/npm ]] || tar -cf "$cache/$key" .node
    fi
    export PATH=$build/.node/bin:$PATH
    trust_authorities
    # The headers are read when an addon in C++ is compiled, at the latest when the lock file changes.
    headers=${key/tools/headers}.gz
    kept+=("$headers")
    step "Node.js $(cat .node/version), $manager $(jq -r .version ".node/lib/$manager/package.json" 2>/dev/null || echo "cannot be had, and is not needed")"
}

install_tools() {
    mkdir -p .node/{bin,lib}
    export PATH=$build/.node/bin:$PATH
    # Those who need nothing of the registry are built without it.
    if ! get_fetcher; then
        [[ -z $node_range && $manager == npm && -z $(build_script) ]] && ! has_dependencies ||
            fail "npm $fetcher_range cannot be had: $(reason)" "is the registry reachable? push again when it is"
    fi
    [[ -z $node_range ]] || install_node
    hash -r
    node --version | tr -d v >.node/version
    ! allows '<0.10' "$(<.node/version)" ||
        fail "Node.js $(<.node/version) is too old to build with: no npm that runs on it reaches a registry of today" \
            "0.10 is the oldest that works: ask for that, or better a later one, in engines.node"
    [[ ! -d $fetcher ]] || install_npm
    [[ $manager == npm ]] || install_manager
}

install_manager() {
    local name=$manager script
    script=$(sed -nE 's/^yarnPath: *"?([^"]*)"?/\1/p' .yarnrc.yml 2>/dev/null || true)
    if [[ -n $berry && -f $script ]]; then
        mkdir .node/lib/yarn
        cp "$script" .node/lib/yarn/yarn.js
        jq -n --arg version "of the repository" '{$version, bin: {yarn: "yarn.js"}}' >.node/lib/yarn/package.json
    else
        [[ -z $berry ]] || name=@yarnpkg/cli-dist
        fetch "$name" "$manager_range" ".node/lib/$manager" ||
            fail "there is no $manager $manager_range, which package.json asks for: $(reason)" "name another in packageManager, e.g. $manager@$(npm_to_fetch view "$name" version 2>/dev/null)"
    fi
    link "$manager"
    runs "$manager" || fail "$manager $(jq -r .version ".node/lib/$manager/package.json") does not run on Node.js $(<.node/version)" \
        "engines.node in package.json can ask for a newer one: that $manager wants $(jq -r '.engines.node // "a newer one"' ".node/lib/$manager/package.json")"
}
