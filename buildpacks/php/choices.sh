# What the repository in the working directory chooses: asked by bin/packages, which sees nothing else, and bin/compile.
# shellcheck shell=bash

# The command of the Procfile's web line: also where Windows wrote it.
web_command() {
    [[ ! -f Procfile ]] || sed -nE $'1s/^\xEF\xBB\xBF//; s/\r$//; s/^web:[[:space:]]*//p' Procfile
}

# The value of an option of mooring-php in it, e.g. `procfile_option w`.
procfile_option() {
    web_command | sed -nE "s/^.*mooring-php([[:space:]].*)?[[:space:]]-$1[[:space:]]*([^[:space:]-][^[:space:]]*).*/\2/p"
}

# The server in Heroku's word for it, `vendor/bin/heroku-php-apache2 public/`: apache or nginx.
heroku_server() {
    web_command | sed -nE 's/^.*\bheroku-php-(apache|nginx)2?([[:space:]].*)?$/\1/p'
}

# The folder in it, the last word; the whole repository where it names none.
heroku_root() {
    local words option OPTIND=1
    read -ra words < <(web_command | sed -nE 's/^.*\bheroku-php-(apache2|nginx)\b//p') || true
    while getopts :C:c:F:f:i:l:p:vth-: option "${words[@]}"; do :; done
    words=("${words[@]:OPTIND-1}")
    echo "${words[0]:-.}" | sed -E "s/^[\"']|[\"']\$//g; s#(.)/+\$#\1#"
}

# The folder that is served, as far as the repository says: `.`, or below it.
webroot() {
    local folder
    if [[ -n $(heroku_server) ]]; then
        heroku_root
        return
    fi
    folder=$(procfile_option w)
    if [[ -z $folder && ! -f index.php ]]; then
        for folder in public web ''; do
            [[ -z $folder || ! -f $folder/index.php ]] || break
        done
    fi
    echo "${folder:-.}"
}

# nginx or apache: the Procfile's, else Apache where the served folder has an .htaccess.
web_server() {
    local chosen
    chosen=$(procfile_option s)$(heroku_server)
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

# What of its scripts builds the app: Heroku's name for it, or Google's.
composer_script() {
    [[ ! -f composer.json ]] || jq -r '.scripts // {} | if type != "object" then empty elif has("compile") then "compile"
        elif has("gcp-build") then "gcp-build" else empty end' composer.json
}

requires_packages() {
    jq -e '.require // {} | keys | any(contains("/"))' composer.json >/dev/null
}

vendor() {
    jq -r '.config["vendor-dir"]? // "vendor"' composer.json
}

# Where Composer puts programs.
programs() {
    jq -r '.config["bin-dir"]? // ((.config["vendor-dir"]? // "vendor") + "/bin")' composer.json 2>/dev/null || echo vendor/bin
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
