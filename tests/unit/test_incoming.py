"""What comes in without a push is checked before git or Docker sees it; what is kept of releases is decided."""

import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hooks import fetch
from mooring.app import sync
from mooring.app.apps import App
from mooring.host import paths, settings
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.pipeline import archive, retention
from mooring.release import history, releases, tag
from mooring.release.releases import Release
from mooring.runtime import leftovers

LIMIT = 10_000


def packed(folder: Path, *members: tuple[str, bytes | str], kind: str = "w:gz", **more: object) -> Path:
    """A tar file of these: bytes are a file's content, text a link's target; `more` are types by name."""
    path = folder / "packed.tar"
    with tarfile.open(path, kind) as file:  # type: ignore[call-overload]
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size, info.mode = len(content), 0o755 if content.startswith(b"#!") else 0o644
                file.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = more.get(name, tarfile.SYMTYPE), content  # type: ignore[assignment]
                file.addfile(info)
    return path


def listing(path: Path, limit: int = LIMIT) -> dict[str, str]:
    with archive.entries(path, limit) as found:
        return {entry.path: entry.target or entry.mode for entry in found}


# -- archives


@pytest.mark.parametrize("kind", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_read_without_the_folder_that_all_of_it_is_in(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, ("app/./run", b"#!x"), ("app/a/b", b"x"), ("app/a/l", "../run"), kind=kind)
    assert listing(path) == {"run": "100755", "a/b": "100644", "a/l": "../run"}


def test_a_tar_with_two_things_at_its_top_keeps_them(tmp_path: Path) -> None:
    assert listing(packed(tmp_path, ("a/x", b""), ("b", b""))) == {"a/x": "100644", "b": "100644"}


def test_a_hard_link_is_the_earlier_file_and_a_zip_keeps_modes_and_links(tmp_path: Path) -> None:
    path = packed(tmp_path, ("a/x", b"#!"), ("a/y", "a/x"), **{"a/y": tarfile.LNKTYPE})
    with archive.entries(path, LIMIT) as found:
        assert [(each.path, each.same_as) for each in found] == [("x", ""), ("y", "x")]
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as file:
        for name, mode, content in (("t/run", 0o100755, "#!"), ("t/link", 0o120777, "run"), ("t/d/", 0o40755, "")):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            file.writestr(info, content)
    assert listing(tmp_path / "z.zip") == {"run": "100755", "link": "run"}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("/etc/passwd", b"x")], "leaves it"),
        ([("a/../../x", b"x")], "leaves it"),
        ([("a/.git/config", b"x")], "git archive"),
        ([("a/.GIT/config", b"x")], "git archive"),
        ([("a\nb", b"x")], "no plain text"),
        ([("x" * 1001, b"x")], "too long"),
        ([("a", b"x"), ("l", "/etc/passwd")], "points out"),
        ([("a", b"x"), ("d/l", "../../etc")], "points out"),
        ([("top/l", "../etc"), ("top/a", b"x")], "points out"),
        ([("a", b"x" * (LIMIT + 1))], "unpacks to more"),
        ([], "empty"),
    ],
    ids=str,
)
def test_an_archive_that_would_reach_out_of_its_folder_is_refused(
    tmp_path: Path, members: list[tuple[str, bytes | str]], said: str
) -> None:
    with pytest.raises(Refusal, match=said):
        listing(packed(tmp_path, *[(name[:2000], content) for name, content in members]))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_device_or_a_pipe_is_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(Refusal, match="device or a pipe"):
        listing(packed(tmp_path, ("a", "x"), **{"a": kind}))  # type: ignore[arg-type]


def test_a_hard_link_to_what_is_not_in_the_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="another name"):
        listing(packed(tmp_path, ("b", b""), ("a", "etc/passwd"), **{"a": tarfile.LNKTYPE}))  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(3000), b"\x1f\x8b\x08\x00" + bytes(60), b"PK\x03\x04" * 9])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Refusal):
        listing(tmp_path / "file")


def test_an_archive_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, ("a", os.urandom(5000)), ("b", os.urandom(2000)))
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(Refusal, match="no whole archive"), archive.entries(path, LIMIT) as found:
        for entry in found:
            entry.open().read()


# -- what an app follows


@pytest.mark.parametrize("url", ["file:///etc", "/srv/x", "ext::sh -c id", "-x", "https://a b", "ssh://", "", "a@b"])
def test_an_address_that_git_would_take_for_something_else_is_refused(url: str) -> None:
    with pytest.raises(Refusal):
        sync.parse(url, "")


@pytest.mark.parametrize("ref", ["-x", "a b", "a..b", "+a:b", "$(id)", "x" * 201])
def test_a_ref_that_is_none_is_refused(ref: str) -> None:
    with pytest.raises(Refusal):
        sync.parse("https://example.org/x", ref)


def test_an_interval_is_a_number_and_a_unit() -> None:
    assert [sync.interval(text) for text in ("10s", "5m", "2h", "7d")] == [10, 300, 7200, 604800]
    for text in ("", "5", "9s", "8d", "m", "-5m", "5 m", "1.5h", "0m"):
        with pytest.raises(Refusal):
            sync.interval(text)


def test_a_password_of_an_address_is_shown_nowhere_and_told_to_its_own_host_only() -> None:
    assert sync.Sync("https://me:hush@example.org/x").label == "https://example.org/x"
    url, told = fetch.without_password("https://me:h%40sh@example.org:8443/x.git")
    assert url == "https://example.org:8443/x.git"
    assert fetch.without_password("git@example.org:x.git") == ("git@example.org:x.git", {})
    askpass = Path(fetch.__file__).parent / "askpass"

    def answer(prompt: str) -> str:
        return subprocess.run([askpass, prompt], env=told, capture_output=True, text=True, check=False).stdout

    assert answer("Username for 'https://example.org:8443': ") == "me\n"
    assert answer("Password for 'https://me@example.org:8443': ") == "h@sh\n"
    assert answer("Password for 'https://me@evil.example': ") == ""
    assert answer("Username for 'https://example.org:8443.evil.example': ") == ""


# -- what is kept


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setattr(paths, "APPS", tmp_path)
    made = App("my-app")
    made.releases.mkdir(parents=True)
    return made


def record(app: App, number: int, status: str, **more: object) -> Release:
    return releases.save(Release(ReleaseName(app.name, number), "push", "me", 1.0, status=status, **more))  # type: ignore[arg-type]


def test_the_last_that_were_live_are_kept_and_what_is_live_tagged_or_on_its_way(app: App) -> None:
    for number, status in enumerate(["retired", "failed", "retired", "retired", "live", "failed"], 1):
        record(app, number, status)
    record(app, 7, "queued", base=3)
    app.live_link.symlink_to("releases/5")
    tag.add(app, "first", ReleaseName("my-app", 1))
    every = releases.every(app)
    kept = retention.images(app, every, 2)
    assert sorted(each.number for each in kept) == [1, 3, 4, 5, 7]
    assert sorted(each.number for each in retention.records(app, every, 2, kept)) == [1, 3, 4, 5, 6, 7]
    # The record of what drains says which addresses are taken.
    record(app, 2, "live")
    assert 2 in {each.number for each in retention.records(app, releases.every(app), 1, set())}
    record(app, 2, "failed")
    tag.add(app, "first", ReleaseName("my-app", 5))
    assert sorted(each.number for each in retention.images(app, every, 1)) == [3, 5, 7]


@pytest.mark.parametrize("word", ["1", "v42", "", ".x", "a b", "a/b", "x" * 64, "-x", "é"])
def test_a_tag_that_would_be_a_path_or_a_release_is_refused(word: str) -> None:
    with pytest.raises(Refusal):
        tag.check(word)


def test_a_release_tells_what_its_config_changed_and_how_long_its_stages_took(app: App) -> None:
    old = record(app, 1, "retired", times={"retired": 19.5})
    releases.freeze_config(old.name, {"A": "1", "B": "2", "C": "3"})
    record(app, 2, "failed")
    times = {"building": 2.0, "built": 5.0, "launching": 5.5, "launched": 7.0, "routed": 7.25}
    new = record(app, 3, "live", times=times)
    releases.freeze_config(new.name, {"A": "1", "B": "hush", "D": ""})
    every = releases.every(app)
    assert history.changes(new, every) == history.Changes(["D"], ["B"], ["C"])
    assert history.took(new, every) == {"waited": 1.0, "build": 3.0, "launch": 1.5, "route": 0.25, "retire": 12.25}
    assert history.changes(every[1], every) == history.Changes()


def test_numbers_and_sizes_are_said_as_people_read_them() -> None:
    assert leftovers.listed([1, 2, 3, 7, 9, 10]) == "v1 to v3, v7, v9 to v10"
    assert [settings.size(text) for text in ("0", "10", "1k", "2M", "3g")] == [0, 10, 1024, 2 << 20, 3 << 30]
