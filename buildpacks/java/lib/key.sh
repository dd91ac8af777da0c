# What the downloads of a build are kept by. Sourced by bin/compile, in BUILD_DIR.

# hash_of WORDS…: of the files that are named on standard input, NUL after each, and of all else that decides what is
# downloaded.
hash_of() {
    { sort -z | xargs -0 --no-run-if-empty sha256sum; echo "$*"; } | sha256sum | cut -c 1-16
}

# maven_key SETTINGS WORDS…: also archives of the repository count, which may be a Maven repository of its own.
maven_key() {
    find . '(' -name target -o -name node_modules -o -path ./.git ')' -prune -o \
        '(' -name pom.xml -o -path './.mvn/*' -o -path "./${1#./}" -o -name '*.jar' -o -name '*.pom' ')' \
        -xtype f -print0 | hash_of "${@:2}"
}

gradle_key() {
    find . '(' -name build -o -name node_modules -o -path ./.git -o -path ./.gradle ')' -prune -o \
        '(' -name '*.gradle' -o -name '*.gradle.kts' -o -name gradle.properties -o -name '*.lockfile' -o -name '*.versions.toml' \
        -o -path './buildSrc/*' -o -path './build-logic/*' -o -path './gradle/*' ')' -xtype f -print0 | hash_of "$@"
}

# Maven takes what it has once fetched for what is there still, and in the repository it may be another now.
is_a_maven_repository() {
    find . -name target -prune -o -name pom.xml -xtype f -exec grep -lE '<url>\s*file:' {} + | grep . >/dev/null
}
