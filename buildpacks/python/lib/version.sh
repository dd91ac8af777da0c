# Which Python the app asks for. Sourced by bin/packages, where there may be no Python yet, and by bin/compile.
readonly distribution=3.13

# text FILE…: what they say, as UTF-8, without a byte order mark and the line ends of Windows (where PowerShell's `>`
# writes UTF-16). What is not there says nothing.
text() {
    local file
    for file; do
        [[ -f $file ]] || continue
        case $(head -c 2 "$file" | od -An -tx1) in
        ' ff fe' | ' fe ff') iconv -f UTF-16 -t UTF-8 "$file" ;;
        *) cat "$file" ;;
        esac | sed $'1s/^\xEF\xBB\xBF//; s/\r$//'
    done
}

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
        version=$(text "$1/$asked_in" | sed -E 's/#.*//; s/\s+//g; s/^(python|cpython)-//I; /^$/d' | head -n 1)
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
