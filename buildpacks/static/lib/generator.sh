# Sites that a generator makes of their sources: which one, and how. Sourced by bin/detect, bin/joins, bin/packages and
# bin/compile, in BUILD_DIR.
# shellcheck shell=bash

# Sets `generator`, `output` (where it puts the site), `made` (its command, which is followed by the output), `package`
# (the distribution's that has it) and `needs` (the buildpack that brings it instead, by a file of the repository).
# An app with a Procfile says itself what runs.
find_generator() {
    generator='' output='' made=() package='' needs=''
    [[ ! -f Procfile ]] || return 1
    if locked jekyll || locked github-pages || { [[ ! -f Gemfile ]] && is_jekyll; }; then
        is jekyll _site jekyll build --destination
        [[ -f Gemfile ]] || package='jekyll ruby-jekyll-feed ruby-jekyll-seo-tag ruby-jekyll-sitemap'
    elif locked middleman; then
        is middleman build middleman build --build-dir
    elif locked bridgetown; then
        is bridgetown output bridgetown build --destination
    elif [[ -f index.html ]]; then
        # What is beside a page of the repository's own is its manual.
        return 1
    elif is_zola; then
        is zola ''
    elif is_hugo; then
        is hugo public hugo --destination
        package=hugo
        # Its modules are Go's.
        [[ ! -f go.mod ]] || package='hugo golang-go'
    elif [[ -f mkdocs.yml || -f mkdocs.yaml ]]; then
        is mkdocs site mkdocs build --site-dir
        package='mkdocs mkdocs-material'
    elif [[ -f pelicanconf.py ]]; then
        is pelican output pelican --settings "$(there publishconf.py pelicanconf.py)" content --output
        package=pelican
    elif [[ -f book.toml && -f src/SUMMARY.md ]]; then
        is mdbook book mdbook build --dest-dir
        package=mdbook
    else
        return 1
    fi
    if locked "$generator" || locked github-pages; then
        needs=ruby package='' made=(bundle exec "${made[@]}")
    elif required "$generator"; then
        needs=python package=''
    fi
}

is() { generator=$1 output=$2 made=("${@:3}"); }

# The first of these files that is there.
there() {
    local file
    for file; do
        [[ ! -e $file ]] || { echo "$file"; return; }
    done
    return 1
}

locked() { grep -qsE "^    $1 \(" Gemfile.lock; }

# `mkdocs-material` brings `mkdocs`.
required() { grep -qsiE "^\s*$1\b" requirements.txt; }

# What GitHub makes a site of without a Gemfile.
is_jekyll() {
    there _config.yml _config.yaml >/dev/null && { there _layouts _posts _includes >/dev/null || has_front_matter index.html index.md; }
}

is_hugo() {
    there hugo.toml hugo.yaml hugo.yml hugo.json >/dev/null ||
        { there config.toml config.yaml config.yml config.json config/_default >/dev/null && [[ -d content ]] && there archetypes layouts themes >/dev/null; }
}

is_zola() { [[ -d content && -d templates ]] && grep -qsE '^\W*base_url\b' config.toml; }

# Does one of them begin with lines for a generator, between two `---`?
has_front_matter() {
    local file
    for file; do
        [[ ! -f $file ]] || ! sed -nE $'1{s/^\xEF\xBB\xBF//; s/\\s+$//; p}' "$file" | grep -qx -- '---' || return 0
    done
    return 1
}

# Make the site in the folder.
generate() {
    local folder=$1 file
    [[ -n ${made[*]} ]] ||
        fail "this is a site for $generator, and nothing here runs that: what would be served is its sources" \
            "a Dockerfile can make it; or commit what it makes, and name that folder in static.json, e.g. {\"root\": \"public/\"}"
    [[ -z $needs || " ${BUILDPACKS:-} " == *" $needs "* ]] ||
        fail "this is a site for $generator, and nothing here runs that: what would be served is its sources" \
            "\`mooring buildpacks:set ${REQUEST_ID%.*} $needs static\` runs it; {\"root\": \".\"} in static.json serves the files as they are"
    echo "-----> Making the site with $generator"
    (
        export JEKYLL_ENV=production HUGO_CACHEDIR=/tmp/hugo
        for file in "$env"/{JEKYLL,HUGO,BRIDGETOWN,SITE}_*; do
            [[ ! -f $file ]] || export "${file##*/}=$(<"$file")"
        done
        exec "${made[@]}" "$folder"
    ) </dev/null >/tmp/generator.log 2>&1 || {
        tail -n 20 /tmp/generator.log | sed 's/^/       /'
        fail "$generator failed: $(generator_reason /tmp/generator.log)" "mend that, then push again"
    }
    [[ -f $folder/index.html ]] ||
        fail "$generator made no index.html in $folder/" "has the site a page of its own at the top, e.g. content/_index.md or index.md?"
    # What made it does not run later.
    mkdir -p /tmp/not-served
    for file in .ruby .python; do
        [[ ! -d $file ]] || mv "$file" /tmp/not-served/
    done
}

generator_reason() {
    sed -E 's/\x1b\[[0-9;]*m//g' "$1" | {
        grep -m 1 -iE '\b(error|fatal|exception|could not|cannot|not found)\b' || tail -n 1 "$1" | grep . || echo "it said nothing"
    } | sed -E "s#$PWD/##g; s/^[[:space:]-]*((error|fatal)\b:?\s*)?//I" | cut -c 1-200
}
