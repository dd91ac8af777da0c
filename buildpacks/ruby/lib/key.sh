# What the gems are kept by. Sourced by bin/compile, in BUILD_DIR; Bundler's settings are in the environment.
# shellcheck shell=bash

# The hash of all that decides which gems are installed; `each-time` where files may that nobody here knows of: then
# Bundler looks. A gem that is a folder of the repository may compile something there, and a Gemfile may read any file.
gems_key() {
    if grep -qsE '^PATH' Gemfile.lock ${BUNDLE_GEMFILE:+"$BUNDLE_GEMFILE.lock"} || reads_files Gemfile; then
        echo each-time
        return
    fi
    {
        find . '(' -name node_modules -o -path ./vendor -o -path ./.git ')' -prune -o \
            '(' -name 'Gemfile*' -o -name '*.gemfile*' -o -name '*.gemspec' -o \
            -name .ruby-version -o -name .tool-versions -o -path ./Aptfile -o -path ./.bundle/config ')' -xtype f -print0 |
            sort -z | xargs -0 sha256sum 2>/dev/null || true
        printenv | grep ^BUNDLE_ | sort || true
        sha256sum vendor/cache/*.gem 2>/dev/null || true
    } | sha256sum | cut -c1-32
}

# Does it read others, but for those that say which Ruby it wants, which are in the hash?
reads_files() {
    sed -E 's/(^|\s)#.*//' "$1" | grep -vE '\.(ruby-version|tool-versions)\b' |
        grep -E '(^|[[:space:].;({])(eval_gemfile|instance_eval|eval|load|require_relative)[ (]|\b(File|IO|Dir|Pathname|YAML|JSON)\b *(\.|::|\[)' >/dev/null
}
