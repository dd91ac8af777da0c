"""Whether dependencies that were kept are restored: the scripts that say by which files they are kept, on small trees.

Each case is a tree, the changes after which what was kept must not be restored, and one after which it is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from tests.unit.scripts import bash

Files = Mapping[str, str | bytes | None]
BOM = b"\xef\xbb\xbf"

NODE = """
here=$PACKS/node env=config cache=/nowhere kept=() tools=tools dev=1 prune=1 berry=${BERRY:-} lock=package-lock.json
for part in choice output modules; do source "$here/lib/$part.sh"; done
depends_on | digest
"""
RUBY = 'source "$PACKS/ruby/lib/key.sh"; gems_key'
PHP = 'STACK=trixie; source "$PACKS/php/choices.sh"; source "$PACKS/php/lib/key.sh"; packages_key 8.4.1'
GO = 'source "$PACKS/go/lib/key.sh"; modules_key go1.24; libraries_key'
MAVEN = 'source "$PACKS/java/lib/key.sh"; maven_key settings.xml package'
GRADLE = 'source "$PACKS/java/lib/key.sh"; gradle_key build'


class Case(NamedTuple):
    script: str
    tree: Files
    decide: Files
    """Files that decide, and what each becomes."""
    do_not: Files = MappingProxyType({"src/main.x": "changed", "README": "changed"})


def lay(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def key(script: str, folder: Path, files: Files, **environment: str) -> str:
    folder.mkdir()
    lay(folder, files)
    done = bash(script, folder, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    return done.stdout


def package(**keys: object) -> str:
    return json.dumps({"name": "app", "version": "1.0.0", **keys})


PLAIN = package(dependencies={"ms": "^2"})
CASES = {
    "node": Case(
        NODE,
        {"package.json": PLAIN, "package-lock.json": "{}"},
        {"package-lock.json": '{"x": 1}', ".npmrc": "legacy-peer-deps=true\r\n", ".yarnrc": "x", ".yarnrc.yml": "x: 1",
         "yarn.lock": "x", "pnpm-lock.yaml": "x", "npm-shrinkwrap.json": "{}", ".pnpmfile.cjs": "x",
         "Aptfile": "jq\r\n", "package.json": package(dependencies={"ms": "^3"}), "config/NPM_CONFIG_REGISTRY": "https://r.example/",
         "any/where/ms+2.patch": "x", "pnpm-workspace.yaml": "overrides: {ms: 3}"},
        {"src/main.js": "x", "package.json": package(dependencies={"ms": "^2"}, scripts={"start": "node ."}),
         "config/SECRET": "x", "lib/package.json": "{}"},
    ),
    "node, overrides": Case(
        NODE,
        {"package.json": PLAIN},
        {"package.json": package(dependencies={"ms": "^2"}, overrides={"ms": "2.0.0"})},
    ),
    "node, workspaces": Case(
        NODE,
        {"package.json": package(workspaces=["packages/*"]), "packages/a/package.json": PLAIN},
        {"packages/a/package.json": package(dependencies={"ms": "1"}), "packages/b/package.json": "{}",
         "packages/a/.npmrc": "x=1"},
    ),
    "node, a workspace of pnpm": Case(
        NODE,
        {"package.json": PLAIN, "pnpm-workspace.yaml": "packages: [apps/*]\r\n", "apps/a/package.json": PLAIN},
        {"apps/a/package.json": package(dependencies={"ms": "1"}), "pnpm-workspace.yaml": "packages: [other/*]\r\n"},
    ),
    "node, folders and archives of the repository": Case(
        NODE,
        {"package.json": package(dependencies={"a": "file:libs/a", "c": "./c.tgz"}), "c.tgz": "1",
         "libs/a/package.json": package(dependencies={"b": "link:../b"}), "libs/b/package.json": "{}"},
        {"libs/a/index.js": "x", "libs/b/deep/in/it.js": "x", "c.tgz": "2"},
    ),
    "ruby": Case(
        RUBY,
        {"Gemfile": 'ruby File.read(".ruby-version")\ngem "dotenv", require: "dotenv/load"\n',
         "Gemfile.lock": "GEM\r\n"},
        {"Gemfile.lock": "GEM\r\nx\r\n", "Gemfile": 'gem "rack", "~> 3"\r\n', ".ruby-version": "3.3\r\n",
         ".bundle/config": "x", "shop.gemspec": "x", "vendor/cache/rack-3.gem": "x", "Aptfile": "libpq5"},
        {"app/models/shop.rb": "x", "vendor/assets/x.js": "x"},
    ),
    "php": Case(
        PHP,
        {"composer.json": "{}", "composer.lock": '{"packages": []}'},
        {"composer.lock": '{"packages": [1]}', "composer.json": '{"config": {"vendor-dir": "lib"}}'},
        {"public/index.php": "x", "fix.patch": "x"},
    ),
    "php, folders and archives of the repository": Case(
        PHP,
        {"composer.json": json.dumps({"repositories": {"a": {"type": "path", "url": "packages/*"},
                                                       "b": {"type": "artifact", "url": "my archives"}}}),
         "composer.lock": '{"packages": [{"dist": {"type": "path", "url": "other"}}]}',
         "packages/a/composer.json": "{}", "my archives/b.zip": "1", "other/x.php": ""},
        {"packages/a/src/A.php": "x", "packages/b/composer.json": "{}", "my archives/b.zip": "2", "other/x.php": "x"},
        {"src/main.php": "x", "packages/a/vendor/autoload.php": "x"},
    ),
    "php, patches": Case(
        PHP,
        {"composer.json": '{"extra": {"patches-file": "composer.patches.json"}}', "composer.lock": "{}"},
        {"fixes/one.patch": "x", "composer.patches.json": "{}", "patches/two": "x"},
        {"vendor/a/x.patch": "x", "src/main.php": "x"},
    ),
    "go": Case(
        GO,
        {"go.mod": "module x\r\n", "go.sum": ""},
        {"go.mod": "module x\r\ngo 1.24\r\n", "go.sum": "x", "tools/go.mod": "module y\n", "go.work": "use .\n",
         "Aptfile": "libvips"},
        {"main.go": "x", "vendor/y/go.mod": "x"},
    ),
    "java, Maven": Case(
        MAVEN,
        {"pom.xml": "<project/>", "settings.xml": "<settings/>"},
        {"pom.xml": "<project></project>\r\n", "api/pom.xml": "x", ".mvn/maven.config": "-U", "settings.xml": "x",
         "repository/org/x/x-1.jar": "x", "repository/org/x/x-1.pom": "x"},
        {"src/main/java/Main.java": "x", "target/shop.jar": "x"},
    ),
    "java, Gradle": Case(
        GRADLE,
        {"build.gradle": "", "gradle/wrapper/gradle-wrapper.properties": "x"},
        {"build.gradle": "x\r\n", "settings.gradle.kts": "x", "app/build.gradle.kts": "x", "gradle.properties": "x",
         "gradle/libs.versions.toml": "x", "gradle/wrapper/gradle-wrapper.properties": "y", "gradle.lockfile": "x",
         "buildSrc/src/main/kotlin/x.kt": "x", "build-logic/x.kts": "x"},
        {"src/main/java/Main.java": "x", "build/generated/x.gradle": "x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_dependencies_are_restored_only_while_every_file_that_decides_them_stays(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    before = key(case.script, tmp_path / "before", case.tree)
    stale = [
        file
        for number, (file, content) in enumerate(case.decide.items())
        if key(case.script, tmp_path / f"decides{number}", {**case.tree, file: content}) == before
    ]
    assert stale == []
    assert key(case.script, tmp_path / "after", {**case.tree, **case.do_not}) == before


@pytest.mark.parametrize("name", ["node", "ruby", "php", "go", "java, Maven"])
def test_what_is_a_link_counts_as_what_it_leads_to(tmp_path: Path, name: str) -> None:
    case, keys = CASES[name], []
    file = next(iter(case.tree))
    for content in ("one", "two"):
        text = package(version=content) if file == "package.json" else f"# {content}\n"
        if file.endswith(".json"):
            text = json.dumps({"name": "app", "dependencies": {content: "1"}, "config": {"vendor-dir": content}})
        folder = tmp_path / content
        lay(folder, {**case.tree, "real/file": text, file: None})
        (folder / file).symlink_to("real/file")
        done = bash(case.script, folder, STACK="trixie")
        keys.append(done.stdout)
        assert done.stdout, done.stderr
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    "line",
    ['eval_gemfile "other.rb"', 'gem "rails", File.read(".rails-version").strip', "  instance_eval(IO.read('x'))",
     'Dir.glob("engines/*").each { |path| gem File.basename(path), path: path }', 'require_relative "versions"',
     'gem "x", YAML.load_file("versions.yml")["x"]'],
)  # fmt: skip
def test_a_gemfile_that_reads_other_files_has_bundler_look_each_time(tmp_path: Path, line: str) -> None:
    assert key(RUBY, tmp_path / "a", {"Gemfile": f"{line}\r\n", "Gemfile.lock": "GEM\n"}) == "each-time\n"


def test_gems_that_are_folders_of_the_repository_have_bundler_look_each_time(tmp_path: Path) -> None:
    lock = "PATH\r\n  remote: engines/shop\r\n"
    assert key(RUBY, tmp_path / "a", {"Gemfile": "", "Gemfile.lock": lock}) == "each-time\n"


def test_settings_of_the_package_manager_count(tmp_path: Path) -> None:
    ruby, go = CASES["ruby"].tree, CASES["go"].tree
    assert key(RUBY, tmp_path / "a", ruby) != key(RUBY, tmp_path / "b", ruby, BUNDLE_WITHOUT="x")
    assert key(GO, tmp_path / "c", go) != key(GO, tmp_path / "d", go, GOPROXY="https://p.example")


@pytest.mark.parametrize(
    ("pom", "is_one"),
    [("<repository><url>file://${project.basedir}/repo</url></repository>", True),
     ("<repository>\r\n<url>\tfile:repo</url>\r\n</repository>", True),
     ("<repository><url>https://maven.example/</url></repository>", False)],
)  # fmt: skip
def test_a_repository_that_is_mavens_too_restores_nothing_once_it_changed(
    tmp_path: Path, pom: str, is_one: bool
) -> None:
    lay(tmp_path, {"api/pom.xml": pom})
    script = 'source "$PACKS/java/lib/key.sh"; if is_a_maven_repository; then echo yes; else echo no; fi'
    assert bash(script, tmp_path).stdout.strip() == ("yes" if is_one else "no")


@pytest.mark.parametrize(
    ("limit", "config", "workers"),
    [(str(2 << 30), {}, "4"), (str(256 << 20), {}, "1"), (str(2 << 30), {"WEB_CONCURRENCY": "9"}, "9"),
     (str(2 << 30), {"WEB_MEMORY": "256"}, "8"), (str(1 << 30), {"WEB_MEMORY": "lots"}, "2"), ("max", {}, ""),
     ("9223372036854771712", {}, "")],
)  # fmt: skip
@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
def test_nodejs_has_a_worker_for_each_512_mb_of_a_limit_and_none_is_made_up_without_one(
    tmp_path: Path, limit: str, config: dict[str, str], workers: str, file: str
) -> None:
    lay(tmp_path, {file: f"{limit}\n"})
    script = 'source <(sed "s#/sys/fs/cgroup#$PWD#g" "$PACKS/node/profile.sh"); echo "${WEB_CONCURRENCY-}"'
    done = bash(script, tmp_path, HOME="/app", **config)
    assert (done.stdout.strip(), done.stderr) == (workers, "")
