# Which folder is served where static.json does not say. Sourced by bin/compile, in BUILD_DIR.

# Where bundlers and generators put what they build, each by its own default.
built_places() {
    sed -nE "s/.*\boutDir: *['\"](\.\/)?([A-Za-z0-9._\/-]+)['\"].*/\2/p" vite.config.* astro.config.* 2>/dev/null || true
    printf '%s\n' dist build out _site .output/public build/client www .vitepress/dist docs/.vitepress/dist \
        .vuepress/dist docs/.vuepress/dist storybook-static
    # Angular: the project's name is a folder.
    compgen -G 'dist/*/browser' || true
    compgen -G 'dist/*' || true
}

# The first that has an index.html: what a build before this one left, or is in the repository; else the top.
find_root() {
    local folder places=(public_html)
    [[ ! -f package.json ]] || mapfile -t -O 1 places < <(built_places; echo public)
    for folder in "${places[@]}" .; do
        [[ -f $folder/index.html ]] || continue
        if [[ $folder == . || $folder == public ]] && has_build && is_source "$folder/index.html"; then break; fi
        echo "$folder"
        return
    done
    if ! has_build; then
        fail "there is no index.html to serve" "name the folder that has it in static.json, e.g. {\"root\": \"dist/\"}"
    elif [[ " ${BUILDPACKS:-} " != *" node "* ]]; then
        fail "package.json has a build script, and nothing here runs it: what would be served is its sources" \
            "\`mooring buildpacks:set ${REQUEST_ID%.*} node static\` runs it; {\"root\": \".\"} in static.json serves the files as they are"
    fi
    fail "nothing says what to start or serve: no Procfile, no start script in package.json, and the build left no index.html in dist/, build/, out/, _site/ or public/" \
        "write a Procfile, e.g. \`web: node server.js\`; or name the folder in static.json, e.g. {\"root\": \"www/\"}"
}

has_build() {
    jq -e '.scripts // {} | (.build // .["heroku-postbuild"] // .["gcp-build"]) | strings' package.json >/dev/null 2>&1
}

# Is that page one that a bundler has to make something of? It names sources, or a placeholder.
is_source() {
    grep -qE "<script[^>]+src=[\"']?[^\"'> ]*(\.(jsx|tsx|ts|mts|vue|svelte)\b|/?src/)|%(PUBLIC_URL|BASE_URL|VITE_[A-Z_]+|sveltekit\.[a-z]+)%|<%= |<app-root>" "$1" ||
        jq -e '(.dependencies // {}) + (.devDependencies // {}) | has("react-scripts") or has("@vue/cli-service") or has("@angular/cli")' package.json >/dev/null
}

# A bundler's one page has routes of its own in the browser.
is_one_page() {
    [[ ! -f static.json && " ${BUILDPACKS:-} " == *" node "* && $root != . && $(find "$root" -name '*.html' -printf x) == x ]]
}
