# Which Node.js runs the app, asked by bin/packages and by bin/compile. Reads package.json in the current folder.

# What this release of the distribution has; its security updates keep the version.
readonly debian_node=20.19.2

# package QUERY [ARGUMENTS…]: what jq answers about package.json; nothing for null.
package() {
    jq -r "${@:2}" "($1) // empty" package.json
}

# allows RANGE VERSION
allows() {
    jq -en -L "$here/lib" --arg range "$1" --arg version "$2" 'include "semver"; $range | allows($version)' >/dev/null
}

is_range() {
    jq -en -L "$here/lib" --arg range "$1" 'include "semver"; $range | is_range' >/dev/null
}

# Nothing of Node.js runs later: a build of files that the buildpack `static` serves.
only_builds() {
    [[ -f static.json && ! -f Procfile && ! -f server.js ]] && [[ -z $(package .scripts.start) ]]
}
