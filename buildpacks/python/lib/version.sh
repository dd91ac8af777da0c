# Which Python the app asks for. Sourced by bin/packages, where there may be no Python yet, and by bin/compile.
readonly distribution=3.13

# Given BUILD_DIR, sets `version` (3, 3.12 or 3.12.4; empty where nothing asks) and `asked_in`, the file that does.
wanted_python() {
    version='' asked_in=''
    if [[ -f $1/.python-version ]]; then
        asked_in=.python-version
    elif [[ -f $1/runtime.txt ]]; then
        asked_in=runtime.txt
    elif [[ -f $1/Pipfile.lock ]]; then
        version=$(jq -r '._meta.requires | .python_full_version // .python_version // empty' "$1/Pipfile.lock" 2>/dev/null) || true
        [[ -n $version ]] || return 0
        asked_in=Pipfile.lock
    else
        return 0
    fi
    if [[ $asked_in != Pipfile.lock ]]; then
        version=$(sed -E 's/#.*//; s/\s+//g; s/^(python|cpython)-//; /^$/d' "$1/$asked_in" | head -n 1)
    fi
    if [[ ! $version =~ ^3(\.[0-9]{1,2}){0,2}$ ]]; then
        echo "$asked_in says '$(tr -cd '[:print:]' <<<"${version:0:40}")', which is no version of Python 3: write one like $distribution or $distribution.5" >&2
        return 1
    fi
}

# Whether the distribution's series is what the app asks for, or it asks for none.
of_distribution() {
    [[ -z $version || $version == 3 || $version == "$distribution" || $version == "$distribution".* ]]
}
