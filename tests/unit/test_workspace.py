"""What a build is given and shows: a folder of the repository, lines as Heroku's, files as their editor wrote them."""

from pathlib import Path

import pytest

from builders import buildpack, workspace
from builders.buildpack import texts
from mooring.app.choices import Choices
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal

NAME = ReleaseName("my-app", 1)


@pytest.fixture
def source_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("mooring.host.paths.BUILDS", tmp_path / "builds")
    monkeypatch.setattr("mooring.host.paths.APPS", tmp_path / "apps")
    tree = tmp_path / "apps/my-app/sources/1/tree"
    (tree / "services/api").mkdir(parents=True)
    (tree / "services/api/file").touch()
    return tree


def test_a_folder_of_the_repository_is_built_alone_or_within_it(source_tree: Path) -> None:
    alone = workspace.open_(NAME, Choices(build_dir="services/api"))
    assert (alone.folder / "file").exists()
    assert alone.folder == alone.repository
    assert workspace.open_(NAME, Choices(build_dir="services/api")) == alone
    workspace.close(NAME)
    assert not alone.root.exists()


def test_a_folder_that_sees_the_rest_is_built_where_it_lies(source_tree: Path) -> None:
    within = workspace.open_(NAME, Choices(build_dir="services/api", build_context="repository"))
    assert within.folder == within.repository / "services/api"
    assert (within.folder / "file").exists()


@pytest.mark.parametrize("link", ["services", "services/api"])
def test_a_build_dir_that_is_a_link_or_missing_is_refused(source_tree: Path, link: str) -> None:
    (source_tree / "services").rename(source_tree / "elsewhere")
    (source_tree / link).parent.mkdir(exist_ok=True)
    (source_tree / link).symlink_to(source_tree / "elsewhere" / link.removeprefix("services").lstrip("/"))
    with pytest.raises(Refusal, match="no folder services/api"):
        workspace.open_(NAME, Choices(build_dir="services/api"))


def test_a_source_that_is_a_link_or_gone_is_refused(source_tree: Path) -> None:
    source_tree.rename(source_tree.parent / "moved")
    with pytest.raises(Refusal, match="gone"):
        workspace.open_(NAME, Choices())
    source_tree.symlink_to("/etc")
    with pytest.raises(Refusal, match="no folder"):
        workspace.open_(NAME, Choices())


class Heard:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(f"       {text}")

    def raw(self, text: str) -> None:
        self.lines.append(text)


def test_what_buildpacks_print_is_shown_as_heroku_shows_it_and_their_reason_is_the_first_line_of_the_last_block() -> (
    None
):
    heard = Heard()
    progress = buildpack.Progress(heard)  # type: ignore[arg-type]
    said = ["-----> Step", "       detail", "plain", " !     a warning", "more"]
    said += [" !", " !     Error: no luck", " !     see above", "mooring-failed: the buildpack x failed"]
    for text in said:
        progress.take(f"#9 0.123 {text}")
    progress.take("#9 [build 1/1] RUN secret things")
    assert heard.lines[:3] == ["-----> Step", "       detail", "       plain"]
    assert progress.reason == "Error: no luck"
    assert progress.failure == "the buildpack x failed"
    assert not any("RUN" in line or "mooring-" in line for line in heard.lines)


# -- the small files that buildpacks read


class Told:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    warn = line


def test_what_a_windows_editor_wrote_is_what_scripts_can_read_and_nothing_else_is_touched(tmp_path: Path) -> None:
    tree = tmp_path / "repository"
    (tree / "requirements").mkdir(parents=True)
    (tree / "config").mkdir()
    written = {
        "Procfile": b"\xef\xbb\xbfweb: x\r\n", "requirements.txt": "flask\r\n-r base.txt\r\n".encode("utf-16"),
        "requirements/base.txt": b"a\r\n", "gradlew": b"#!/bin/sh\r\n", "static.json": b'{"root": "x", // here\n}',
        "package.json": b'{"a": 1, // no\n}', "app.py": b"print()\r\n", "runtime.txt": b"python-3.13\n",
        "Gemfile": b"# \xe9\r\n", "config/Aptfile": b"git\r\n",
    }  # fmt: skip
    for name, content in written.items():
        (tree / name).write_bytes(content)
    (tree / "gradlew").chmod(0o755)
    (tree / "Aptfile").symlink_to("config/Aptfile")
    (tree / ".nvmrc").symlink_to(tmp_path / "outside")
    (tree / ".profile.d").symlink_to(tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    for name in ("outside", "folder/x.sh"):
        (tmp_path / name).write_bytes(b"1\r\n")
    heard = Told()
    texts.settle(tree, tree, heard)  # type: ignore[arg-type]
    now = {name: (tree / name).read_bytes() for name in written}
    changed = {
        "Procfile": b"web: x\n", "requirements.txt": b"flask\n-r base.txt\n", "requirements/base.txt": b"a\n",
        "gradlew": b"#!/bin/sh\n", "config/Aptfile": b"git\n",
        "static.json": b'{"root": "x"         \n}',
    }  # fmt: skip
    assert now == {**written, **changed}
    assert (tree / "gradlew").stat().st_mode & 0o777 == 0o755
    assert {(tmp_path / name).read_bytes() for name in ("outside", "folder/x.sh")} == {b"1\r\n"}
    assert heard.lines == [
        f".nvmrc is a link to {str(tmp_path / 'outside')[:80]!r}, out of what is built: it is not read",
        "x.sh, out of what is built: it is not read",
        "Read as UTF-8 with line feeds, and so built: Aptfile, Procfile, gradlew, requirements/base.txt, "
        "requirements.txt, static.json",
    ]
    texts.settle(tree, tree, again := Told())  # type: ignore[arg-type]
    assert again.lines == heard.lines[:2]


def test_a_file_that_is_not_read_for_its_name_is_told_so(tmp_path: Path) -> None:
    for name in ("procfile", "Dockerfile.txt", "Aptfile", "aptfile.txt", "app.json", "README.txt", "Gemfile.lock"):
        (tmp_path / name).write_text("")
    said = workspace.misnamed(tmp_path)
    assert [note.partition(" (")[0] for note in said] == [
        "Dockerfile.txt is not read: it has to be called Dockerfile",
        "procfile is not read: it has to be called Procfile",
    ]
