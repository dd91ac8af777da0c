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
        if [[ $folder == . || $folder == public ]] && is_source "$folder/index.html"; then break; fi
        echo "$folder"
        return
    done
    if ! has_build && [[ -f ${folder:-.}/index.html ]]; then
        fail "$folder/index.html is a page that something has to be made of, and nothing here does: what would be served is its sources" \
            "a \`build\` script in package.json makes it; {\"root\": \"$folder\"} in static.json serves the files as they are"
    elif ! has_build; then
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

# Is that page one that a bundler or a generator has to make something of? It names sources, or a placeholder. Where
# nothing builds, a folder `src`, a template and JSX that Babel reads in the browser may be a page's own.
is_source() {
    if has_front_matter "$1" || grep -qE '%(PUBLIC_URL|BASE_URL|VITE_[A-Z_]+|sveltekit\.[a-z]+)%' "$1" || has_bundler; then return; fi
    if grep -qE "<script[^>]+src=[\"']?[^\"'> ]*\.(jsx|tsx|ts|mts|vue|svelte)\b" "$1" && ! grep -q 'text/babel' "$1"; then return; fi
    has_build && grep -qE "<script[^>]+src=[\"']?[^\"'> ]*/?src/|<%= |<app-root>" "$1"
}

# Is there one whose page is always a source?
has_bundler() {
    jq -e '(.dependencies // {}) + (.devDependencies // {}) |
        has("react-scripts") or has("@vue/cli-service") or has("@angular/cli") or has("@11ty/eleventy")' package.json >/dev/null 2>&1
}

# Has the build script of package.json made what the generator would?
is_built() { has_build && [[ " ${BUILDPACKS:-} " == *" node "* && -f $output/index.html ]]; }

# A bundler's one page has routes of its own in the browser.
is_one_page() {
    [[ ! -f static.json && " ${BUILDPACKS:-} " == *" node "* && $root != . && $(find "$root" -name '*.html' -printf x) == x ]]
}
