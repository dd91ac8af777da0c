# What the packages are kept by. Sourced by bin/compile, in BUILD_DIR, after choices.sh.
# shellcheck shell=bash

# The hash of all that decides which packages are installed: another PHP may mean other files.
packages_key() {
    { cat composer.lock; echo "$1 $STACK $(vendor)"; local_files; } | sha256sum | cut -c1-32
}

# Files of the repository that packages are made of: folders that `repositories` names, archives, patches; their hashes.
local_files() {
    local path
    {
        jq -r '.repositories // [] | .[] | objects | select(.type == "path" or .type == "artifact") | .url' composer.json
        jq -r '.packages[]? | .dist // {} | select(.type == "path") | .url' composer.lock || true
    } 2>/dev/null | sort -u | while IFS= read -r path; do
        # Composer takes a pattern too. A folder that is not there is for Composer to tell of.
        compgen -G "$path" | sort -u | while IFS= read -r path; do
            find "$path/" -name vendor -prune -o -xtype f -print0 2>/dev/null || true
        done | sort -z | xargs -0r sha256sum
    done || true
    # A plugin that patches packages says where in ways of its own.
    if jq -e '.extra // {} | tostring | test("patch"; "i")' composer.json >/dev/null 2>&1; then
        find . '(' -path "./$(vendor)" -o -path ./.git ')' -prune -o \
            '(' -name '*.patch' -o -name '*.diff' -o -iname '*patches*.json' -o -path '*/patches/*' ')' -xtype f -print0 | sort -z | xargs -0r sha256sum
    fi
}
