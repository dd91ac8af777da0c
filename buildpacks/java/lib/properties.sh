# What the repository's system.properties says. Sourced by bin/packages and bin/compile.
readonly java_versions='21 25'

# property BUILD_DIR NAME: its value, empty where there is none.
property() {
    [[ -f $1/system.properties ]] || return 0
    sed -nE $'1s/^\xEF\xBB\xBF//\n'"s/^[[:space:]]*${2//./\\.}[[:space:]]*[=:][[:space:]]*//p" "$1/system.properties" | tail -n 1 | tr -d '\r'
}

# java_version BUILD_DIR: the major version to use. `21`, `21.0.3`, `openjdk-21` and `1.8` are ways to write one.
java_version() {
    local written major
    written=$(property "$1" java.runtime.version)
    major=${written##*-}
    major=${major#1.}
    major=${major%%.*}
    major=${major:-${java_versions%% *}}
    if [[ " $java_versions " != *" $major "* ]]; then
        echo "system.properties asks for Java ${written:0:30}, and the distribution has ${java_versions/ / and }: write java.runtime.version=${java_versions%% *}" >&2
        return 1
    fi
    echo "$major"
}
