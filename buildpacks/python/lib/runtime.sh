# The interpreter and the tools that bring it and the packages. Sourced by bin/compile.
readonly uv_version=0.13.9 poetry_version=2.5.1 export_version=1.10.1
# The oldest series, 3.9, that pip can install for.
readonly oldest=9

# pip is run from the distribution's wheel of it: the app's environment has none of its own.
readonly pip_wheel=$(echo /usr/share/python-wheels/pip-*.whl)
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_NO_CACHE_DIR=1

pip_install() { "$python" "$pip_wheel/pip" install --no-compile "$@"; }

# Bring uv, from the same index as every package, and hand on to it what pip's settings say: it does not read them.
get_uv() {
    [[ ! -x $tools/bin/uv ]] || return 0
    quietly python3 "$pip_wheel/pip" install --no-compile --no-deps --target "$tools/uv" "uv==$uv_version" ||
        fail "uv $uv_version could not be installed: $reason" "it brings ${1}; push again when the package index can be reached"
    mkdir -p "$tools/bin" && ln -s ../uv/bin/uv "$tools/bin/uv"
    export UV_NO_CACHE=1 UV_HTTP_RETRIES=1 UV_NO_PROGRESS=1
    local settings name key value
    settings=$(python3 "$pip_wheel/pip" config list)
    while read -r name key; do
        value=$(sed -nE "s/^[^=]*\\.$key='(.*)'\$/\\1/p" <<<"$settings" | tail -n 1 | sed 's/\\n/ /g; s/^ *//')
        [[ -z $value || -n ${!name:-} ]] || export "$name=$value"
    done <<'NAMES'
UV_DEFAULT_INDEX index-url
UV_INDEX extra-index-url
UV_FIND_LINKS find-links
UV_INSECURE_HOST trusted-host
SSL_CERT_FILE cert
NAMES
}

# Print the series that uv can bring, newest first.
series() {
    uv python list --all-versions --only-downloads --managed-python 2>/dev/null |
        sed -nE 's/^cpython-(3\.[0-9]+)\.[0-9]+-.*/\1/p' | sort -rVu | awk -F. -v oldest=$oldest '$2 >= oldest' | paste -sd ' ' | sed 's/ /, /g'
}

# Make an empty environment with the Python that the app asks for. By now /app/.python, where it will run, leads to it.
make_environment() {
    if [[ $full == "$system" ]]; then
        python3 -m venv --without-pip "$build/.python"
        return
    fi
    get_uv "Python $version"
    # All in the environment's own folder: one name to cache, and one layer.
    export UV_PYTHON_INSTALL_DIR=/app/.python/runtime
    local minor=${version#3.}
    if ((${minor%%.*} < oldest)) || ! uv python list --all-versions --only-downloads "$version" 2>/dev/null | grep "^cpython-$version\b" >/dev/null; then
        fail "$asked_in asks for Python $version, which cannot be had" "there are $(series); the distribution's is $system"
    fi
    quietly uv python install --no-bin "$version" ||
        fail "Python $version could not be downloaded: $reason" "push again when it can be reached, or write $distribution in $asked_in: the distribution's; uv knows $(series)"
    "$(uv python find --managed-python "$version")" -m venv --without-pip "$build/.python"
}

# What nothing needs at run time goes, and modules are compiled for a quick start: by their source's hash instead of its
# time, so that the same packages are the same bytes.
finish_environment() {
    rm -rf /app/.python/runtime/*/lib/python3.*/{test,idlelib,tkinter,turtledemo,ensurepip} \
        /app/.python/runtime/*/{include,share} /app/.python/runtime/*/lib/{tcl,tk,itcl,thread}*
    # The environment, and a project that is installed as editable, is found where it will run.
    local site
    site=$(echo /app/.python/lib/python3.*/site-packages)
    { grep -rlF --include='*.pth' --include='__editable__*' --include=direct_url.json --include='*.egg-link' "$build" "$site" || true; } |
        cat - <(grep -lF "$build" /app/.python/pyvenv.cfg /app/.python/bin/[aA]ctivate*) |
        xargs -r sed -i "s#$build\b#/app#g"
    "$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$site" >/dev/null 2>&1 || true
}
