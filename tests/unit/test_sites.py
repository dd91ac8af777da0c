"""Which sites have to be made of their sources, by what, and which pages are served as they are."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.scripts import bash

FIND = """
source "$PACKS/static/lib/generator.sh"
if find_generator; then echo "$generator in $output by ${needs:-$package}: ${made[*]}"; else echo none; fi
"""
LOCK = "GEM\r\n  specs:\r\n    {} (4.3.4)\r\n"
CASES: dict[str, tuple[Mapping[str, str], str]] = {
    "Jekyll, as a gem": (
        {"Gemfile": "", "Gemfile.lock": LOCK.format("jekyll"), "_config.yml": ""},
        "jekyll in _site by ruby: bundle exec jekyll build --destination",
    ),
    "Jekyll, as GitHub makes it": (
        {"Gemfile": "", "Gemfile.lock": LOCK.format("github-pages")},
        "jekyll in _site by ruby: bundle exec jekyll build --destination",
    ),
    "Jekyll without a Gemfile": (
        {"_config.yml": "", "index.md": "\ufeff---\r\ntitle: x\r\n---\r\n"},
        "jekyll in _site by jekyll ruby-jekyll-feed ruby-jekyll-seo-tag ruby-jekyll-sitemap: "
        "jekyll build --destination",
    ),
    "Middleman": ({"Gemfile": "", "Gemfile.lock": LOCK.format("middleman")},
                  "middleman in build by ruby: bundle exec middleman build --build-dir"),
    "Hugo": ({"hugo.toml": ""}, "hugo in public by hugo: hugo --destination"),
    "Hugo with modules": ({"hugo.yaml": "", "go.mod": ""}, "hugo in public by hugo golang-go: hugo --destination"),
    "Hugo of old": ({"config.toml": "", "content/a.md": "", "layouts/x.html": ""},
                    "hugo in public by hugo: hugo --destination"),
    "Zola": ({"config.toml": "\r\nbase_url = 'x'\r\n", "content/a.md": "", "templates/x.html": ""}, "zola in  by :"),
    "MkDocs": ({"mkdocs.yml": ""}, "mkdocs in site by mkdocs mkdocs-material: mkdocs build --site-dir"),
    "MkDocs, as a package": ({"mkdocs.yml": "", "requirements.txt": "# ours\r\nMkDocs-Material==9\r\n"},
                             "mkdocs in site by python: mkdocs build --site-dir"),
    "Pelican": ({"pelicanconf.py": "", "requirements.txt": "pelican\n"},
                "pelican in output by python: pelican --settings pelicanconf.py content --output"),
    "mdBook": ({"book.toml": "", "src/SUMMARY.md": ""}, "mdbook in book by mdbook: mdbook build --dest-dir"),
    "a Procfile": ({"hugo.toml": "", "Procfile": "web: hugo server"}, "none"),
    "a page with a manual": ({"index.html": "<p>hi", "mkdocs.yml": "", "book.toml": "", "src/SUMMARY.md": ""}, "none"),
    "a page": ({"index.html": "<p>---", "_config.yml": "", "content/a": "", "config.toml": ""}, "none"),
}  # fmt: skip


def lay(folder: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, newline="")


@pytest.mark.parametrize("name", CASES)
def test_the_generator_of_a_site_is_known_by_its_files(tmp_path: Path, name: str) -> None:
    files, said = CASES[name]
    lay(tmp_path, files)
    done = bash(FIND, tmp_path)
    assert (done.stdout.strip(), done.stderr) == (said, "")


@pytest.mark.parametrize(
    ("buildpack", "files", "joins"),
    [
        ("ruby", {"Gemfile.lock": LOCK.format("jekyll")}, True),
        ("ruby", {"Gemfile.lock": LOCK.format("jekyll"), "config.ru": ""}, False),
        ("ruby", {"Gemfile.lock": LOCK.format("jekyll"), "Procfile": "web: x"}, False),
        ("ruby", {"Gemfile.lock": LOCK.format("rack")}, False),
        ("python", {"mkdocs.yml": "", "requirements.txt": "mkdocs\n"}, True),
        ("python", {"mkdocs.yml": "", "requirements.txt": "mkdocs\ngunicorn\n"}, False),
        ("python", {"mkdocs.yml": "", "requirements.txt": "flask\n"}, False),
        ("python", {"mkdocs.yml": "", "requirements.txt": "mkdocs\n", "manage.py": ""}, False),
        ("go", {"hugo.toml": ""}, False),
        ("node", {"hugo.toml": "", "package.json": "{}"}, True),
    ],
)
def test_static_serves_what_a_gem_or_a_package_makes_where_nothing_else_of_the_app_runs(
    tmp_path: Path, buildpack: str, files: dict[str, str], joins: bool
) -> None:
    lay(tmp_path, files)
    done = bash(f'"$PACKS/static/bin/joins" . {buildpack}', tmp_path)
    assert (done.returncode == 0) is joins, done.stderr
    if joins and buildpack != "node":
        listed = bash(f'"$PACKS/{buildpack}/bin/packages" .', tmp_path, BUILDPACKS=f"{buildpack} static").stdout.split()
        assert listed
        assert all(each.startswith("build:") for each in listed)


@pytest.mark.parametrize(
    ("files", "takes"),
    [({"go.mod": "", "main.go": ""}, True), ({"go.mod": "", "hugo.toml": ""}, False),
     ({"go.mod": "", "hugo.go": "", "hugo.toml": ""}, True)],
)  # fmt: skip
def test_a_module_that_only_names_themes_of_hugo_is_no_app_in_go(
    tmp_path: Path, files: dict[str, str], takes: bool
) -> None:
    lay(tmp_path, files)
    assert (bash('"$PACKS/go/bin/detect" .', tmp_path).returncode == 0) is takes


ROOT = """
fail() { echo "refused: $1 ($2)"; exit 1; }
for part in root generator; do source "$PACKS/static/lib/$part.sh"; done
find_root
"""
SCRIPT = "<script type=module src='{}'></script>"


@pytest.mark.parametrize(
    ("page", "package", "said"),
    [
        ("<p>hi", "", "."),
        ("<script src='src/app.js'></script><script type='text/template'><%= name %></script>", "", "."),
        ("<script type='text/babel' src='app.jsx'></script>", "", "."),
        ("<p>hi", '{"scripts": {"lint": "eslint ."}}', "."),
        (SCRIPT.format("/src/main.js"), '{"scripts": {"build": "vite build"}}', "refused: package.json has a build"),
        (SCRIPT.format("/main.tsx"), "", "refused: ./index.html is a page that something has to be made of"),
        ("<link href='%PUBLIC_URL%/x'>", '{"dependencies": {"react": "18"}}', "refused: ./index.html is a page that"),
        ("\ufeff---\r\nlayout: x\r\n---\r\nhi", "", "refused: ./index.html is a page that"),
        ("<p>hi", '{"devDependencies": {"@11ty/eleventy": "3"}}', "refused: ./index.html is a page that"),
    ],
)
def test_a_page_that_something_has_to_be_made_of_is_never_served_as_it_is(
    tmp_path: Path, page: str, package: str, said: str
) -> None:
    lay(tmp_path, {"index.html": page, **({"package.json": package} if package else {})})
    done = bash(ROOT, tmp_path, REQUEST_ID="shop.1")
    assert done.stdout.startswith(said), done
    assert done.stdout.count("\n") == 1


def test_a_generator_that_nothing_here_runs_is_told_with_what_would_run_it(tmp_path: Path) -> None:
    script = ROOT.replace("find_root", "find_generator; generate out")
    lay(tmp_path, {"Gemfile": "", "Gemfile.lock": LOCK.format("jekyll")})
    done = bash(script, tmp_path, REQUEST_ID="shop.1", BUILDPACKS="static")
    assert "refused: this is a site for jekyll, and nothing here runs that" in done.stdout
    assert "`mooring buildpacks:set shop ruby static`" in done.stdout
    lay(tmp_path, {"Gemfile.lock": "", **CASES["Zola"][0]})
    assert "this is a site for zola" in bash(script, tmp_path, REQUEST_ID="shop.1").stdout


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("Start building\nERROR: $PWD/layouts/index.html:1: no", "layouts/index.html:1: no"),
        ("INFO x\n  -  Config value 'theme': Unrecognised, not found", "Config value 'theme': Unrecognised, not found"),
        ("just words\n", "just words"),
        ("", "it said nothing"),
    ],
)
def test_the_reason_of_a_generator_is_its_error(tmp_path: Path, printed: str, said: str) -> None:
    script = 'source "$PACKS/static/lib/generator.sh"; printf %s "${PRINTED//\\$PWD/$PWD}" >log; generator_reason log'
    assert bash(script, tmp_path, PRINTED=printed).stdout.strip() == said


@pytest.mark.parametrize(
    ("written", "root"),
    [("w/public", "w/public"), ("./dist/", "dist"), (".", "."), ("././a/b//", "a/b")],
)
def test_a_folder_of_static_json_is_taken_as_it_is_written(tmp_path: Path, written: str, root: str) -> None:
    done = bash(f'jq -nr -L "$PACKS/static/lib" \'include "static"; {{root: "{written}"}} | root\'', tmp_path)
    assert done.stdout.strip() == root, done.stderr
