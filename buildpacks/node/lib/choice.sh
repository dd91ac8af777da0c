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

# The script that builds the app: Heroku's name for it, Google's, everybody's.
build_script() {
    package '.scripts // {} | if type == "object" then . else {} end | keys - (keys - ["heroku-postbuild", "gcp-build", "build"]) |
        if index("heroku-postbuild") then "heroku-postbuild" else .[-1] end'
}

# Nothing of Node.js runs later: the buildpack `static`, which runs after this one (${BUILDPACKS:-}), serves what it builds,
# and that is all that the Procfile starts.
only_builds() {
    [[ "${BUILDPACKS:-} " =~ (^| )node\ (.* )?static\ $ ]] &&
        ! { text Procfile | grep -E '^[A-Za-z0-9_-]+:' | grep -qvE '^[A-Za-z0-9_-]+:\s*(exec +)?(\./|/app/)?(\.static/start|bin/boot)\s*$'; }
}

# text FILE: what it says, without a byte order mark and the line ends of Windows; nothing if it is not there.
text() {
    [[ -f $1 ]] || return 0
    sed $'1s/^\xEF\xBB\xBF//; s/\r$//' "$1"
}
