# The app's config vars (one file each in ENV_DIR). Sourced by bin/compile.

# The one named, or nothing.
config_var() { cat "$env/$1" 2>/dev/null || true; }

# Export those whose names match the pattern.
export_matching() {
    local file
    for file in "$env"/*; do
        [[ ! -f $file || ! ${file##*/} =~ $1 ]] || export "${file##*/}=$(<"$file")"
    done
}

# Export all but those that would break the tools: for the app's own code, in a subshell.
export_all() {
    local file
    for file in "$env"/*; do
        case ${file##*/} in
        PATH | HOME | GIT_DIR | CPATH | CPPATH | LD_PRELOAD | LD_LIBRARY_PATH | LIBRARY_PATH | PYTHONHOME | '*') ;;
        *) export "${file##*/}=$(<"$file")" ;;
        esac
    done
}
