# What the modules are kept by. Sourced by bin/compile, in BUILD_DIR; Go's settings are in the environment.

# modules_key WORDS…: of all that decides which modules are downloaded.
modules_key() {
    {
        find . '(' -name node_modules -o -path ./vendor -o -path ./.git ')' -prune -o \
            '(' -name go.mod -o -name go.sum -o -name 'go.work*' ')' -xtype f -print0 | sort -z | xargs -0 sha256sum
        printenv | grep -E '^(GOPROXY|GOPRIVATE|GONOPROXY|GOTOOLCHAIN)=' | sort || true
        echo "$*"
    } | sha256sum | cut -c 1-16
}

# What was compiled may be linked to packages of the Aptfile.
libraries_key() { { cat Aptfile 2>/dev/null || true; } | sha256sum | cut -c 1-8; }
