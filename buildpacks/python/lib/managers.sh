# The package managers: which is the app's, what it reads, how it installs. Sourced by bin/compile, run in BUILD_DIR.

# Sets `manager`, `source` (the file that decides) and `reads` (all the files that do).
choose_manager() {
    local lock file also=()
    if [[ -f Pipfile.lock ]]; then
        manager=pipenv source=Pipfile.lock reads=(Pipfile.lock Pipfile)
    elif [[ -f requirements.txt ]]; then
        manager=pip source=requirements.txt reads=()
        add_requirements requirements.txt
    elif [[ -f poetry.lock ]]; then
        manager=poetry source=poetry.lock reads=(poetry.lock pyproject.toml)
    elif [[ -f uv.lock ]]; then
        manager=uv source=uv.lock
        mapfile -t reads < <(echo uv.lock; echo uv.toml; find . -maxdepth 4 -name pyproject.toml -not -path '*/.*/*' | sort)
    elif [[ -f pyproject.toml || -f setup.py ]]; then
        manager=project source=pyproject.toml reads=(pyproject.toml setup.py setup.cfg requirements*.txt)
        [[ -f pyproject.toml ]] || source=setup.py
    else
        fail "Pipfile has no Pipfile.lock beside it" "run \`pipenv lock\`, commit both, then push again"
    fi
    for lock in requirements.txt poetry.lock uv.lock; do
        [[ ! -f $lock || $lock == "$source" ]] || also+=("$lock")
    done
    ((!${#also[@]})) || detail "$source decides; ${also[*]} is not looked at"
    # What is installed from the repository itself is as new as the repository.
    if grep -qsE '^\s*(\.|file:|[^#]* @ file:)|^(-e|--editable)[ =]*\.[^] []|(directory|path) = "|"(path|file)": |type = "(directory|file)"' "${reads[@]}"; then
        mapfile -t reads < <(find . -type f -not -path './.git/*' -not -path './.python/*' | sort)
    elif grep -qsE '^(-e|--editable)[ =]*\.' "${reads[@]}"; then
        reads+=(pyproject.toml setup.py setup.cfg)
    fi
    mapfile -t reads < <(for file in "${reads[@]}"; do [[ ! -f $file ]] || echo "$file"; done)
}

# Adds to `reads` a requirements file and those that its -r and -c lines name.
add_requirements() {
    local file next
    file=$(realpath -m --relative-to=. "$1")
    [[ -f $file && " ${reads[*]} " != *" $file "* ]] || return 0
    reads+=("$file")
    while read -r next; do
        add_requirements "$(dirname "$file")/$next"
    done < <(sed -nE 's/^\s*(-r|-c|--requirement|--constraint)[ =]*([^ #]+).*/\2/p' "$file")
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
