# The package managers: which is the app's, what it reads, how it installs. Sourced by bin/compile, run in BUILD_DIR.

# Sets `manager`, `source` (the file that decides), `reads` (all the files that do) and `elsewhere` (those that are not
# in the repository).
choose_manager() {
    local lock file also=()
    elsewhere=()
    if [[ -f Pipfile.lock ]]; then
        manager=pipenv source=Pipfile.lock reads=(Pipfile.lock Pipfile)
    elif [[ -f requirements.txt ]]; then
        manager=pip source=requirements.txt reads=()
        for file in requirements.txt $(config_var PIP_CONSTRAINT) $(config_var PIP_REQUIREMENT); do
            add_requirements "$file"
        done
    elif [[ -f poetry.lock ]]; then
        manager=poetry source=poetry.lock reads=(poetry.lock pyproject.toml poetry.toml)
    elif [[ -f uv.lock ]]; then
        manager=uv source=uv.lock
        # Also those of a workspace's members.
        mapfile -t reads < <(echo uv.lock; echo uv.toml; find . \( -name pyproject.toml -o -name setup.py -o -name setup.cfg \) -not -path '*/.*/*' | sort)
    elif [[ -f pyproject.toml || -f setup.py ]]; then
        manager=project source=pyproject.toml reads=(pyproject.toml setup.py setup.cfg)
        # Files of requirements that these may read.
        mapfile -t -O 3 reads < <(find . -maxdepth 3 \( -name '*.txt' -o -name '*.in' \) -xtype f -not -path '*/.*/*' | sort)
        [[ -f pyproject.toml ]] || source=setup.py
    else
        fail "Pipfile has no Pipfile.lock beside it" "run \`pipenv lock\`, commit both, then push again"
    fi
    for lock in requirements.txt poetry.lock uv.lock; do
        [[ ! -f $lock || $lock == "$source" ]] || also+=("$lock")
    done
    ((!${#also[@]})) || detail "$source decides; ${also[*]} is not looked at"
    # What is installed from the repository itself is as new as the repository.
    if names_files; then
        mapfile -t reads < <(find . -xtype f -not -path './.git/*' -not -path './.python/*' | sort)
    elif text "${reads[@]}" | grep -E '^(-e|--editable)[ =]*\.' >/dev/null; then
        reads+=(pyproject.toml setup.py setup.cfg)
    fi
    # What is compiled links to the libraries of these packages.
    mapfile -t reads < <(for file in "${reads[@]}" Aptfile; do [[ ! -f $file ]] || echo "$file"; done)
}

# Adds to `reads` a requirements file and those that its -r and -c lines name; to `elsewhere` what nobody here can know
# the contents of.
add_requirements() {
    local file next
    if [[ $1 == *://* ]]; then
        elsewhere+=("$1")
        return
    fi
    file=$(realpath -m --relative-to=. "$1")
    [[ -f $file && " ${reads[*]} " != *" $file "* ]] || return 0
    reads+=("$file")
    while IFS= read -r next; do
        [[ $next == *://* ]] || next=$(dirname "$file")/$next
        add_requirements "$next"
    done < <(requirement_lines "$file" |
        sed -nE "s/^\s*(-r|-c|--requirement|--constraint)[ =]*(\"([^\"]+)\"|'([^']+)'|([^ #]+)).*/\3\4\5/p")
}

# A requirements file as pip joins its lines.
requirement_lines() { text "$1" | sed -E -e ':next' -e '/\\$/{N;s/\\\n//;b next' -e '}'; }

# Is something that the dependencies name in the repository: a folder, a wheel, a folder of wheels?
names_files() {
    local file word
    if text "${reads[@]}" | grep -E '^\s*(\.|file:|[^#]* @ file:)|^(-e|--editable)[ =]*\.[^] []|^\s*(-f|--find-links)|(directory|path) = "|"(path|file)": |type = "(directory|file)"' >/dev/null; then
        return
    fi
    for word in ${PIP_FIND_LINKS:-} ${UV_FIND_LINKS:-}; do
        [[ $word == /* || ! -e $word ]] || return 0
    done
    for file in "${reads[@]}"; do
        [[ $manager == pip && -f $file ]] || continue
        while read -r word _; do
            [[ $word != */* || $word == *://* || ! -e ${word%%[*} ]] || return 0
        done < <(requirement_lines "$file" | sed -E 's/^\s*(-e|--editable)[ =]*//')
    done
    return 1
}

install_pip() { quietly pip_install -r requirements.txt; }

# The lock names every package with its hashes, so nothing is left for pip to resolve.
install_pipenv() {
    quietly python3 "$pack/lib/pipfile.py" Pipfile Pipfile.lock "$tools" || return
    [[ ! -s $tools/hashed.txt ]] || quietly pip_install --no-deps --require-hashes -r "$tools/hashed.txt" || return
    [[ ! -s $tools/plain.txt ]] || quietly pip_install --no-deps -r "$tools/plain.txt"
}

# Poetry says what its lock comes to; pip installs that, from where its settings say, which poetry does not read.
install_poetry() {
    local list=$tools/poetry.txt
    get_uv poetry
    quietly uv tool run --python /usr/bin/python3 --from "poetry==$poetry_version" --with "poetry-plugin-export==$export_version" \
        poetry export --no-interaction --no-ansi --output "$list" || return
    # pip takes hashes for all or none, and a repository has none.
    ! grep -q ' @ ' "$list" || sed -i -E 's/ \\$//; /^\s+--hash=/d' "$list"
    quietly pip_install --no-deps -r "$list" || return
    if grep -q '^\[build-system\]' pyproject.toml && ! grep -qE '^package-mode *= *false' pyproject.toml; then
        quietly pip_install --no-deps -e .
    fi
}

install_uv() {
    get_uv "what uv.lock names"
    # Where packages come from another index than the lock was made with, uv would call the lock outdated.
    local exact=--locked
    [[ -z ${UV_DEFAULT_INDEX:-} ]] || exact=--frozen
    UV_PROJECT_ENVIRONMENT=/app/.python UV_PYTHON=$python UV_PYTHON_DOWNLOADS=never \
        quietly uv sync "$exact" --no-dev
}

# A project that says how it is built is a package, installed as editable; another's dependencies are what it needs.
install_project() {
    if [[ -f setup.py ]] || grep -q '^\[build-system\]' pyproject.toml; then
        quietly pip_install -e .
    else
        quietly python3 "$pack/lib/dependencies.py" pyproject.toml "$tools/requirements.txt" &&
            quietly pip_install -r "$tools/requirements.txt"
    fi
}
