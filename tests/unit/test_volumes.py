"""Volumes: names and paths, what an image does not keep, tars that reach out, folders that are not taken."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mooring.access import actor
from mooring.app import mount
from mooring.app.choices import Choices
from mooring.app.mount import Mount
from mooring.host import names
from mooring.host.refusal import Refusal
from mooring.volume import content, host_folder

# -- names and paths


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "A", "-a", "a-", "_a", "a.b", "a b", "a\nb", "ä", "x" * 64, "x" * 300]
)
def test_a_name_that_would_be_more_than_one_folder_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match="cannot name a volume"):
        names.check_volume(name)


@pytest.mark.parametrize("path", [
    "", ".", "data", "../data", "/", "//", "/.", "/..", "/data/..", "/data/../../etc", "/app", "/app/", "//app", "/etc",
    "/proc", "/proc/1", "/sys/x", "/dev/shm", "/var/run", "/usr", "/x" * 150, "/a\nb", "/a\0b", "/a\x1b[31m",
])  # fmt: skip
def test_a_path_that_no_volume_may_have_is_refused(path: str) -> None:
    with pytest.raises(Refusal):
        mount.check_path(path)


@pytest.mark.parametrize(
    ("path", "plain"),
    [("/data", "/data"), ("/data/", "/data"), ("//data", "/data"), ("/app/./up loads", "/app/up loads"), ("/ä", "/ä")],
)
def test_a_path_is_made_plain(path: str, plain: str) -> None:
    assert mount.check_path(path) == plain


def test_what_was_linked_is_read_as_it_was_written() -> None:
    wanted = Mount("uploads", "/data", ("web", "worker"), read_only=True)
    assert mount.of(Choices(volumes={"uploads": wanted.table})) == (wanted,)
    assert wanted.text == "uploads:/data (web, worker, read-only)"
    assert (wanted.is_of("web"), wanted.is_of("run"), Mount("a", "/a").is_of("run")) == (True, False, True)
    once = Mount("uploads", "/data", ("release", "cron"))
    assert [once.is_of(each) for each in ("release", "release-predeploy", "cron.report", "web")] == [True] * 3 + [False]


@pytest.mark.parametrize(
    "table", ["/data", {}, {"path": 1}, {"path": "/data", "processes": "web"}, {"path": "/", "x": 1}]
)
def test_a_link_in_app_toml_that_is_none_is_refused(table: object) -> None:
    with pytest.raises(Refusal, match=r"app\.toml: volumes\.uploads"):
        mount.of(Choices(volumes={"uploads": table}))


def test_a_path_belongs_to_one_volume_of_a_process() -> None:
    there = (Mount("one", "/data", ("web",)), Mount("all", "/all"))
    mount.refuse_taken(Mount("two", "/data", ("worker",)), there, "my-app")
    mount.refuse_taken(Mount("two", "/data/two"), there, "my-app")
    for wanted in (Mount("two", "/data"), Mount("two", "/data", ("web", "run")), Mount("two", "/all", ("run",))):
        with pytest.raises(Refusal, match="already"):
            mount.refuse_taken(wanted, there, "my-app")


def test_a_push_tells_of_what_an_image_does_not_keep() -> None:
    linked = (Mount("uploads", "/data"),)
    assert mount.unkept(["/data/"], linked, "my-app") == []
    assert mount.unkept([], (), "my-app") == []
    [line] = mount.unkept(["/var/lib/x y", "/data"], linked, "my-app")
    assert "`mooring volume:link my-app my-app-x-y /var/lib/x y`" in line
    assert "volume:create my-app-data" in mount.unkept(["/data", "/more"], (), "my-app")[0]


# -- tars


def entry(name: str, **more: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.uid, info.gid = os.getuid(), os.getgid()
    body = more.pop("body", b"")
    assert isinstance(body, bytes)
    info.size = len(body)
    for key, value in more.items():
        setattr(info, key, value)
    return info, body


def packed(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, body in entries:
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


def unpacked(data: bytes, folder: Path, limit: int = 0) -> content.Unpacked:
    folder.mkdir(exist_ok=True)
    return content.unpack(io.BufferedReader(io.BytesIO(data)), folder, limit)  # type: ignore[arg-type]


GOOD = packed(
    entry("./", type=tarfile.DIRTYPE, mode=0o2750),
    entry("./sub", type=tarfile.DIRTYPE, mode=0o500),
    entry("./sub/.git/one", body=b"1", mode=0o640, mtime=1000),
    entry("other", type=tarfile.LNKTYPE, linkname="./sub/.git/one"),
    entry("sub/link", type=tarfile.SYMTYPE, linkname="../other"),
    entry("deep/er/two\udcff", body=b"22"),
)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_is_unpacked_with_modes_times_and_links(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    place = tmp_path / "new"
    done = unpacked(pack(GOOD), place)
    assert (done.files, done.size) == (2, 3)
    assert oct(place.stat().st_mode)[-4:] == "2750"
    one = place / "sub/.git/one"
    assert (one.read_text(), oct(one.stat().st_mode)[-3:], one.stat().st_mtime) == ("1", "640", 1000)
    assert (place / "other").samefile(one)
    assert (place / "sub/link").read_text() == "1"
    assert (place / "deep/er/two\udcff").read_text() == "22"


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([entry("../x")], "leaves it"),
        ([entry("/x")], "leaves it"),
        ([entry("a/../../x")], "leaves it"),
        ([entry("..", type=tarfile.DIRTYPE)], "leaves it"),
        ([entry("x", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "points out"),
        ([entry("a/x", type=tarfile.SYMTYPE, linkname="../../x")], "points out"),
        ([entry("a", type=tarfile.SYMTYPE, linkname="b"), entry("a/x")], "through a link"),
        ([entry("a/x"), entry("a")], "cannot be unpacked"),
        ([entry("a"), entry("a/x")], "cannot be unpacked"),
        ([entry("a", type=tarfile.SYMTYPE, linkname="b"), entry("x", type=tarfile.LNKTYPE, linkname="a/x")], "link"),
        ([entry("x", type=tarfile.LNKTYPE, linkname="/etc/passwd")], "leaves it"),
        ([entry("x", type=tarfile.LNKTYPE, linkname="../passwd")], "leaves it"),
        ([entry("x", type=tarfile.LNKTYPE, linkname="y")], "has not"),
        ([entry("x", type=tarfile.CHRTYPE)], "device"),
        ([entry("x", type=tarfile.BLKTYPE)], "device"),
        ([entry("x", type=tarfile.FIFOTYPE)], "device"),
        ([entry("x/" * 600)], "too long"),
        ([entry("x", body=b"123"), entry("y", body=b"456")], "more than"),
    ],
)
def test_a_tar_that_would_reach_out_or_is_too_much_is_refused(
    tmp_path: Path, entries: list[tuple[tarfile.TarInfo, bytes]], reason: str
) -> None:
    with pytest.raises(Refusal, match=reason):
        unpacked(packed(*entries), tmp_path / "new", limit=5)
    assert [each.name for each in tmp_path.iterdir()] == ["new"]


def test_a_folder_takes_the_place_of_a_link_and_nothing_is_changed_through_it(tmp_path: Path) -> None:
    place = tmp_path / "new"
    tmp_path.chmod(0o755)
    # By its words the link stays in the archive; by where it leads it does not.
    up = [
        entry("a/b/up", type=tarfile.SYMTYPE, linkname="../.."),
        entry("out", type=tarfile.SYMTYPE, linkname="a/b/up/.."),
    ]
    unpacked(packed(*up, entry("out", type=tarfile.DIRTYPE, mode=0o700)), place)
    assert oct(tmp_path.stat().st_mode)[-3:] == "755"
    assert not (place / "out").is_symlink()


@pytest.mark.parametrize("length", [0, 1, 512, 2048, len(GOOD.rstrip(b"\0")) // 512 * 512 + 512])
def test_a_tar_that_ends_early_is_refused_also_between_two_files(tmp_path: Path, length: int) -> None:
    with pytest.raises(Refusal, match="no whole tar"):
        unpacked(GOOD[:length], tmp_path / "new")


@pytest.mark.parametrize(
    "data", [b"x" * 5000, gzip.compress(GOOD)[:-30], lzma.compress(GOOD)[:99], b"\x1f\x8b" + b"x" * 9]
)
def test_what_is_no_tar_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Refusal, match=r"no whole tar|cannot be unpacked"):
        unpacked(data, tmp_path / "new")


# -- folders of the server


@pytest.mark.parametrize(
    "folder",
    ["/", "/etc", "/etc/nginx", "/var", "/var/lib/docker", "/var/run", "/var/lib/mooring/volumes", "/root", "/x\n"],
)
def test_a_folder_that_the_server_lives_by_is_never_taken(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOORING_ACTOR", raising=False)
    with pytest.raises(Refusal):
        host_folder.check("data", folder)


def test_a_folder_is_taken_by_its_own_name_and_by_root_on_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The folder of a test may itself be in one of those.
    monkeypatch.setattr(host_folder, "NEVER", tuple(each for each in host_folder.NEVER if each != Path("/var/cache")))
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    (tmp_path / "etc").symlink_to("/etc")
    monkeypatch.delenv("MOORING_ACTOR", raising=False)
    assert actor.is_here()
    assert host_folder.check("data", f"{tmp_path}/data/") == f"{tmp_path}/data"
    for name, reason in (("link", "a link"), ("etc", "never"), ("none", "no folder")):
        with pytest.raises(Refusal, match=reason):
            host_folder.check("data", f"{tmp_path}/{name}")
    monkeypatch.setenv("MOORING_ACTOR", "alice")
    with pytest.raises(Refusal, match="root on the server"):
        host_folder.check("data", f"{tmp_path}/data")
