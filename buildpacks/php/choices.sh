# What the repository in the working directory chooses: asked by bin/packages, which sees nothing else, and bin/compile.
# shellcheck shell=bash

# The value of an option of mooring-php in the Procfile's web line, e.g. `procfile_option w`.
procfile_option() {
    [[ -f Procfile ]] || return 0
    sed -nE "s/^web:.*mooring-php([[:space:]].*)?[[:space:]]-$1[[:space:]]*([^[:space:]-][^[:space:]]*).*/\2/p" Procfile
}

# The folder that is served, as far as the repository says: `.`, or below it.
webroot() {
    local folder
    folder=$(procfile_option w)
    if [[ -z $folder && ! -f index.php ]]; then
        for folder in public web ''; do
            [[ -z $folder || ! -f $folder/index.php ]] || break
        done
    fi
    echo "${folder:-.}"
}

# nginx or apache: the Procfile's -s, else Apache where the served folder has an .htaccess.
web_server() {
    local chosen
    chosen=$(procfile_option s)
    if [[ -n $chosen ]]; then
        echo "$chosen"
    elif [[ -f $(webroot)/.htaccess ]]; then
        echo apache
    else
        echo nginx
    fi
}

# Composer has something to do: packages, or classes to find. What vendor/ in the repository has is taken as it is.
needs_composer() {
    [[ -f composer.json && ! -f $(vendor)/autoload.php ]] || return 1
    requires_packages || jq -e '.autoload // {} | length > 0' composer.json >/dev/null
}

requires_packages() {
    jq -e '.require // {} | keys | any(contains("/"))' composer.json >/dev/null
}

vendor() {
    jq -r '.config["vendor-dir"]? // "vendor"' composer.json
}

# The extensions that the app and its packages require, one a line.
extensions() {
    { required composer.json .; required composer.lock '.packages[]?'; } | sort -u
}

required() {
    [[ ! -f $1 ]] || jq -r "$2 | .require // {} | keys[]" "$1" | sed -n 's/^ext-//p' | tr '[:upper:]' '[:lower:]'
}

# A package stands in for this extension, as the polyfills do.
provided() {
    [[ -f composer.lock ]] &&
        jq -e --arg name "ext-$1" '.packages | any((.provide // {}) + (.replace // {}) | has($name))' composer.lock >/dev/null
}
