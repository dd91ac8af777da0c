"""An archive of a source tree, untrusted: read and checked, never unpacked. tar (also gz, bz2, xz) and zip."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from mooring.host import packed
from mooring.host.refusal import Refusal, die

BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
MOST_FILES = 100_000
LINK = "120000"
EITHER = "a .tar, .tar.gz, .tar.xz, .tar.bz2 or .zip of a source tree"


class Entry(NamedTuple):
    """One file: its path below the archive's top, `mode` as git has it (100644, 100755, 120000), its size in bytes.

    `target` is where a symbolic link points; `same_as` the path of the earlier file whose other name a hard link is.
    """

    path: str
    mode: str
    size: int
    open: Callable[[], IO[bytes]]
    target: str = ""
    same_as: str = ""


@contextmanager
def entries(path: Path, limit: int) -> Iterator[list[Entry]]:
    """The files of the archive, all of them checked; they can be opened, in their order, inside the context.

    Raises Refusal for what is no archive, for more than `limit` bytes when unpacked, and for a path or a link that
    leaves the archive.
    """
    try:
        with zipfile.ZipFile(path) if _begins_as_zip(path) else tarfile.open(path) as archive:
            found = _zip_entries(archive) if isinstance(archive, zipfile.ZipFile) else _tar_entries(archive)
            yield stripped(list(_checked(found, limit)))
    except Refusal:
        raise
    except (*BROKEN, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        die("that is no whole archive", EITHER)
    except MemoryError:
        die("the archive needs too much memory to be read", EITHER)


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _tar_entries(archive: tarfile.TarFile) -> Iterator[Entry]:
    for member in archive:
        if member.isdir():
            continue
        if member.issym():
            yield Entry(member.name, LINK, len(member.linkname), _nothing, target=member.linkname)
        elif member.islnk():
            yield Entry(member.name, "100644", 0, _nothing, same_as=member.linkname)
        elif member.isreg():
            yield Entry(member.name, _mode(member.mode), member.size, lambda m=member: _content(archive, m))  # type: ignore[misc]
        else:
            packed.refuse_device(member.name)


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        mode = info.external_attr >> 16
        if info.is_dir():
            continue
        if info.flag_bits & 1:
            die(f"{packed.shown(info.filename)} is encrypted", "pack it without a password")
        if stat.S_ISLNK(mode):
            if info.file_size > packed.LONGEST_PATH:
                die(f"the link {packed.shown(info.filename)} points too far", "mend it, and pack again")
            target = archive.read(info).decode(errors="surrogateescape")
            yield Entry(info.filename, LINK, len(target), _nothing, target=target)
        else:
            yield Entry(info.filename, _mode(mode), info.file_size, lambda i=info: archive.open(i))  # type: ignore[misc]


def _mode(mode: int) -> str:
    return "100755" if mode & 0o100 else "100644"


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    assert content is not None
    return content


def _nothing() -> IO[bytes]:
    raise AssertionError("a link has no content")


def _checked(found: Iterator[Entry], limit: int) -> Iterator[Entry]:
    """Each entry, with its path made plain; raise Refusal before more than `limit` bytes are read."""
    count = total = 0
    for entry in found:
        count, total = count + 1, total + entry.size
        if count > MOST_FILES:
            die(f"the archive has more than {MOST_FILES} files", "pack only what is needed to build the app")
        if total > limit:
            die(
                f"the archive unpacks to more than {limit >> 20} MiB",
                "pack less, or set `max_pack_size` below [git] in mooring.toml",
            )
        same_as = packed.plain(entry.same_as) if entry.same_as else ""
        yield entry._replace(path=packed.plain(entry.path), same_as=same_as)
    if not count:
        die("the archive is empty", EITHER)


def stripped(found: list[Entry]) -> list[Entry]:
    """Without the one folder that all of it is in, if it is; raise Refusal for a link that points out of the rest."""
    tops = {entry.path.partition("/")[0] for entry in found}
    if len(tops) == 1 and all("/" in entry.path for entry in found):
        top = f"{tops.pop()}/"
        found = [
            each._replace(path=each.path.removeprefix(top), same_as=each.same_as.removeprefix(top)) for each in found
        ]
    known = set()
    for entry in found:
        if entry.mode == LINK:
            packed.refuse_leaving(entry.path, entry.target)
        if entry.same_as and entry.same_as not in known:
            packed.refuse_unknown(entry.path)
        known.add(entry.path)
    return found
