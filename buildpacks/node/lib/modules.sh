# The dependencies: installed once, then restored while the lock file and what else decides about them stay as they are.

# Scripts of the app's own that an installation runs; they may use the dev dependencies and read any file.
hooks() {
    local names='["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"]'
    [[ -z $berry ]] || names='["preinstall", "install", "postinstall"]'
    package "$names - ($names - (.scripts // {} | keys)) | .[]"
}

has_workspaces() { [[ -f pnpm-workspace.yaml || -n $(package .workspaces) ]]; }

has_dependencies() {
    [[ -n $lock || -n $(hooks) ]] || has_workspaces ||
        [[ -n $(package '(.dependencies // {}) + (.devDependencies // {}) + (.optionalDependencies // {}) | keys[0]') ]]
}

# Sets `dev`: are the dev dependencies installed, and `prune`: are they taken away again?
choose_dependencies() {
    dev=1 prune=1
    [[ $NODE_ENV == production ]] || prune=
    [[ $(config NPM_CONFIG_PRODUCTION) != false && $(config YARN_PRODUCTION) != false ]] || prune=
    [[ $(config YARN2_SKIP_PRUNING) != true && $(config PNPM_SKIP_PRUNING) != true ]] || prune=
    if [[ $(config NPM_CONFIG_PRODUCTION) == true || $(config YARN_PRODUCTION) == true ]]; then
        dev='' prune=
    elif [[ -n $prune && -z $berry && -z $(hooks)$(build_script) ]]; then
        # Nothing would use them.
        dev='' prune=
    elif [[ -n $prune && $manager == pnpm ]] && has_workspaces; then
        prune=
        detail "A pnpm workspace: its dev dependencies stay"
    elif [[ -n $berry && -n $prune && $(jq -r .version .node/lib/yarn/package.json) == [23]* ]]; then
        prune=
        detail "Yarn before 4 cannot prune: the dev dependencies stay"
    fi
    # What is not kept needs no pruning.
    if only_builds; then prune=; fi
}

# All that decides what is installed, to be hashed.
depends_on() {
    echo "$tools $dev $prune"
    package '{dependencies, devDependencies, optionalDependencies, peerDependencies, bundledDependencies,
        bundleDependencies, dependenciesMeta, peerDependenciesMeta, overrides, resolutions, workspaces, packageManager,
        engines, pnpm, hooks: (.scripts // {} | {preinstall, install, postinstall, prepublish, prepare})}' -cS
    (cd "$env" && grep -r . --include='NPM_CONFIG_*' --include='npm_config_*' --include='YARN_*' --include='USE_*' . | sort) || true
    cat package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml pnpm-workspace.yaml .npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs .pnpmfile.mjs Aptfile 2>/dev/null || true
    if has_workspaces; then
        find . '(' -name node_modules -o -path ./.node ')' -prune -o '(' -name package.json -o -name .npmrc ')' -xtype f -print0 | sort -z | xargs -0 sha256sum
    fi
    local folder
    for folder in .yarn/plugins $(local_packages); do
        [[ ! -e $folder ]] || find "$folder" -name node_modules -prune -o -xtype f -print0 | sort -z | xargs -0r sha256sum
    done
    # Which of them patch a package is said in many ways.
    find . '(' -name node_modules -o -path ./.git -o -path ./.node ')' -prune -o -name '*.patch' -xtype f -print0 | sort -z | xargs -0r sha256sum
}

# Folders and archives of the repository that are dependencies, and those that these depend on in turn.
local_packages() {
    local seen=' ' todo=(.) folder path
    ! has_workspaces || mapfile -t todo < <(find . -name node_modules -prune -o -name package.json -printf '%h\n' | sort)
    while ((${#todo[@]})); do
        folder=${todo[0]} todo=("${todo[@]:1}")
        [[ -f $folder/package.json ]] || continue
        while read -r path; do
            path=$(realpath -m --relative-to=. "$folder/$path")
            [[ -e $path && $seen != *" $path "* ]] || continue
            seen+="$path "
            todo+=("$path")
            echo "$path"
        done < <(jq -r '[.dependencies, .devDependencies, .optionalDependencies, .overrides, .resolutions, .pnpm?] | .. | strings |
            select(test("^((file|link|portal):|[.]{1,2}/)|[.]patch$")) | sub("^(file|link|portal):|^patch:.*#(~/)?"; "")' "$folder/package.json")
    done
}

# Packages of the repository other than the app itself that make something when they are installed: what that is, and
# where, is for them to know.
make_something() {
    { ! has_workspaces || find . -mindepth 2 -name node_modules -prune -o -name package.json -print0; local_packages | sed 's#$#/package.json#' | tr '\n' '\0'; } |
        { xargs -0r jq -r '.scripts // {} | keys[] | select(IN("preinstall", "install", "postinstall", "prepare", "prepublish"))' 2>/dev/null || true; } |
        grep . >/dev/null
}

# The folders that an installation makes.
trees() {
    find . '(' -path ./.git -o -path ./.node ')' -prune -o -name node_modules -prune -print
    [[ -z $berry ]] || find .pnp.* .yarn/{unplugged,cache,install-state.gz} -maxdepth 0 2>/dev/null || true
}

provide_modules() {
    restored='' modules='' dev='' prune=
    if [[ -d node_modules ]]; then
        step "The repository has node_modules, which is taken as it is"
        detail "git rm -r --cached node_modules lets them be installed here, and be the ones for this system"
        quietly with_config npm rebuild || fail "npm rebuild failed: $(reason)" "git rm -r --cached node_modules lets them be installed here"
        return
    fi
    has_dependencies || return 0
    choose_dependencies
    modules=modules-$(depends_on | digest).tar
    if [[ $(config NODE_MODULES_CACHE) != false && ! -f binding.gyp ]] && ! make_something && saved "$modules"; then
        tar -xf "$cache/$modules"
        restored=1
        step "Dependencies are unchanged: restored from the last build"
        local hook
        for hook in $(hooks); do run_script "$hook"; done
        return
    fi
    step "Installing dependencies with $manager${lock:+ ($lock)}"
    [[ -n $lock ]] || detail "There is no lock file, so versions may differ from yours: commit the one that $manager makes"
    use_headers
    local begin=$SECONDS
    install_modules || refuse_modules
    use_own_gyp
    detail "$((SECONDS - begin)) s"
    kept+=("$modules")
    tar -cf "$cache/$modules" --verbatim-files-from --files-from <(trees)
}

npm_version() { jq -r .version .node/lib/npm/package.json; }
npm_is() { allows "$1" "$(npm_version)"; }

# only_production [true]: npm's option to leave out the dev dependencies, or to install them in any case.
only_production() {
    if npm_is '<7'; then
        echo "--production=${1:-false}"
    else
        echo "--$([[ ${1:-} ]] && echo omit || echo include)=dev"
    fi
}

# Headers for addons in C++, which node-gyp would fetch.
use_headers() {
    export npm_config_nodedir=/usr
    if [[ -f $cache/$headers ]]; then
        mkdir -p /tmp/headers
        tar -xf "$cache/$headers" -C /tmp/headers
        npm_config_nodedir=/tmp/headers
    fi
    ! npm_is '<10' || use_todays_gyp
}

install_modules() {
    local how
    case $manager in
    npm)
        how=ci
        if [[ -z $lock || $(config USE_NPM_INSTALL) == true ]]; then how='install --no-package-lock'; fi
        if [[ -n $lock ]] && npm_is '<5.7'; then
            how=install
            ! npm_is '<5' || detail "npm $(npm_version) knows nothing of $lock: versions may differ from yours"
        fi
        # shellcheck disable=SC2046,SC2086
        quietly with_config npm $how --loglevel=error $(only_production "$([[ $dev ]] || echo true)")
        ;;
    pnpm)
        quietly with_config env CI=true pnpm install "--$([[ $lock ]] || echo no-)frozen-lockfile" \
            "--prod=$([[ $dev ]] && echo false || echo true)"
        ;;
    yarn)
        if [[ -n $berry ]]; then
            # Without node_modules, what is imported lies in the cache, and so has to be in the app.
            if [[ $(yarn config get nodeLinker 2>/dev/null) == pnp ]]; then
                unset YARN_CACHE_FOLDER
                export YARN_ENABLE_GLOBAL_CACHE=false
            fi
            quietly with_config yarn install "$([[ $lock ]] && echo --immutable || echo --no-immutable)"
        else
            quietly with_config yarn install "$([[ $lock ]] && echo --frozen-lockfile || echo --no-lockfile)" \
                --non-interactive --ignore-engines "--production=$([[ $dev ]] && echo false || echo true)"
        fi
        ;;
    esac
}

refuse_modules() {
    if grep -qE 'in sync|frozen-lockfile|OUTDATED_LOCKFILE|YN0028|needs to be updated' /tmp/output; then
        fail "$lock does not fit package.json" "run $manager install, commit $lock, then push again"
    fi
    if grep -qE 'gyp (ERR!|err)' /tmp/output; then
        fail "an addon in C++ of a dependency does not compile for Node.js $(<.node/version): $({ grep -m 1 -oE '[^ ]+: (fatal )?error: .*' /tmp/output || reason; } | cut -c 1-160)" \
            "does it know that Node.js? Another version of one or of the other may do"
    fi
    fail "$manager cannot install the dependencies: $(reason)" "mend that, then push again"
}

# What a pruning removed and changed is noted, and done again in later builds, without $manager.
prune_modules() {
    [[ -n $prune ]] || return 0
    local pruned=${modules/modules/pruned}
    if saved "$pruned" && [[ -n $restored ]]; then
        tar -xOf "$cache/$pruned" ./removed | xargs -d '\n' -r rm -rf --
        tar -xf "$cache/$pruned" --exclude=./removed
        detail "Dev dependencies are left out"
        return
    fi
    step "Removing the dev dependencies"
    contents >/tmp/before
    remove_dev || fail "$manager cannot remove the dev dependencies: $(reason)" "mend that, then push again"
    contents >/tmp/after
    comm -23 <(cut -f 1 /tmp/before | sort) <(cut -f 1 /tmp/after | sort) >/tmp/removed
    comm -13 /tmp/before /tmp/after | awk -F '\t' '$2 != "d" { print $1 }' >/tmp/changed
    tar -cf "$cache/$pruned" -C /tmp ./removed -C "$build" --verbatim-files-from --files-from /tmp/changed
}

contents() {
    find -files0-from <(trees | tr '\n' '\0') -printf '%p\t%y\t%s\t%T@\t%l\n' | sort
}

remove_dev() {
    case $manager in
    npm)
        # shellcheck disable=SC2046
        quietly with_config npm prune $(only_production true) --loglevel=error "--$([[ $lock ]] || echo no-)package-lock"
        ;;
    pnpm) quietly with_config env CI=true pnpm prune --prod --ignore-scripts ;;
    yarn)
        if [[ -n $berry ]]; then
            quietly with_config yarn workspaces focus --all --production
        else
            quietly with_config yarn install --frozen-lockfile --non-interactive --ignore-engines --ignore-scripts \
                --prefer-offline --production=true
        fi
        ;;
    esac
}
