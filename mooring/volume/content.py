"""What is in a volume, as a stream: a tar of it, and a tar that is to take its place, which anybody may have packed."""

import bz2
import errno
import gzip
import lzma
import os
import resource
import shutil
import stat
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, NamedTuple

from mooring.host import packed
from mooring.host.refusal import Refusal, die

BROKEN = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OverflowError, ValueError)
FULL = (errno.ENOSPC, errno.EDQUOT)
MEMORY = 1 << 30
"""What reading it may take, in bytes: headers of a few kilobytes may claim to be of any size."""
COMPRESSED: Mapping[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"\xfd7": lzma.open, b"BZ": bz2.open}


class Unpacked(NamedTuple):
    """How much was in the archive, and the owner of its first file."""

    files: int
    size: int
    owner: tuple[int, int] | None


class Unpacking:
    """A folder that an archive is unpacked into; nobody else sees it, so what is there came from the archive."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` is the most that the files may have, in bytes, 0 for as much as there is room for."""
        self.folder = folder
        self.limit = limit
        self.links: set[str] = set()
        self.folders: dict[Path, tarfile.TarInfo] = {}
        self.done = Unpacked(0, 0, None)

    def take(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        """Unpack one of its entries; raise Refusal for one that would reach out of the folder."""
        if member.isdir() and member.name in (".", "./"):
            self.folders[self.folder] = member
            return
        path = self.plain(member.name)
        place = self.folder / path
        self.make_parents(place)
        if not member.isdir() or place.is_symlink() or not place.is_dir():
            place.unlink(missing_ok=True)
            self.links.discard(path)
        if member.isdir():
            place.mkdir(mode=0o700, exist_ok=True)
            self.folders[place] = member
        elif member.issym():
            packed.refuse_leaving(path, member.linkname)
            place.symlink_to(member.linkname)
            os.lchown(place, member.uid, member.gid)
            self.links.add(path)
        elif member.islnk():
            self.link(place, path, member.linkname)
        elif content:
            self.write(place, member, content)
        else:
            packed.refuse_device(member.name)

    def make_parents(self, place: Path) -> None:
        """Make the folders around it that the archive does not name: they belong to whom the volume does."""
        if not place.parent.exists():
            self.make_parents(place.parent)
            place.parent.mkdir(mode=0o755)
            status = self.folder.stat()
            os.chown(place.parent, status.st_uid, status.st_gid)

    def plain(self, name: str) -> str:
        """The path below the folder; raise Refusal for one that goes through a link."""
        path = packed.plain(name, for_git=False)
        if self.links and any(str(parent) in self.links for parent in Path(path).parents):
            die(f"the archive has the path {packed.shown(name)}, which goes through a link", "pack it anew")
        return path

    def link(self, place: Path, path: str, name: str) -> None:
        """Give an earlier file another name."""
        known = self.plain(name)
        if not (self.folder / known).is_file() and known not in self.links:
            packed.refuse_unknown(path)
        os.link(self.folder / known, place, follow_symlinks=False)
        if known in self.links:
            self.links.add(path)

    def write(self, place: Path, member: tarfile.TarInfo, content: IO[bytes]) -> None:
        done = self.done
        self.done = Unpacked(done.files + 1, done.size + member.size, done.owner or (member.uid, member.gid))
        if self.limit and self.done.size > self.limit:
            die("the archive unpacks to more than the volume may hold", "`mooring volume:info` shows its size")
        with place.open("xb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
        settle(place, member)

    def end(self) -> Unpacked:
        """Settle the folders: those within others first, since what is made in one changes its time."""
        for place, member in reversed(self.folders.items()):
            settle(place, member)
        return self.done


def settle(place: Path, member: tarfile.TarInfo) -> None:
    """Owner, mode and time as in the archive."""
    os.chown(place, member.uid, member.gid)
    place.chmod(member.mode & 0o7777)
    os.utime(place, (member.mtime, member.mtime))


def unpack(stream: BufferedReader, folder: Path, limit: int) -> Unpacked:
    """Unpack a tar (also gz, bz2, xz) as it comes into a folder that nobody sees yet.

    Raises Refusal for what is no whole tar, for paths, links and devices that no archive should have, and where there
    is no room.
    """
    ended = False

    class Member(tarfile.TarInfo):
        @classmethod
        def fromtarfile(cls, archive: tarfile.TarFile) -> Any:
            nonlocal ended
            try:
                return super().fromtarfile(archive)
            except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
                ended = True
                raise

    unpacking = Unpacking(folder, limit)
    try:
        with (
            little_memory(),
            tarfile.open(fileobj=plain(stream), mode="r|", tarinfo=Member, errors="surrogateescape") as archive,
        ):
            while member := archive.next():
                archive.members = []  # type: ignore[attr-defined]
                unpacking.take(member, archive.extractfile(member) if member.isreg() else None)
        done = unpacking.end()
    except Refusal:
        raise
    except OSError as error:
        if error.errno in FULL:
            die("there is no room for what is in the archive", "`df -h /var/lib/mooring/volumes`")
        die(f"the archive cannot be unpacked: {error.strerror or error}", "a .tar of the files, also .gz, .bz2 or .xz")
    except BROKEN:
        ended = False
    except MemoryError:
        die("the archive needs too much memory to be read", "a .tar of the files, also .gz, .bz2 or .xz")
    if not ended:
        # A connection that is lost between two files ends an archive without its end.
        die("that is no whole tar", "a .tar of the files, also .gz, .bz2 or .xz")
    return done


def plain(stream: BufferedReader) -> Any:
    """The stream, uncompressed."""
    opened = COMPRESSED.get(stream.peek(2)[:2])
    return opened(stream) if opened else stream


@contextmanager
def little_memory() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def export(folder: Path) -> str:
    """Write a tar of the folder to standard output; return what has to be said of it, empty for nothing.

    tar(1) follows no link that an app puts in its way. Raises Refusal where it cannot read something.
    """
    odd = _found(folder, "(", "-type", "p", "-o", "-type", "b", "-o", "-type", "c", ")", "-printf", "%p\\0")
    links = _found(folder, "-type", "l", "-printf", "%P\\0%l\\0")
    out = [path for path, target in zip(links[::2], links[1::2], strict=False) if packed.leaves(path, target)]
    tar = subprocess.run(
        [*_tar("--create", folder), "--no-wildcards", "--anchored", "--exclude-from=-", "."],
        input="\n".join(odd).encode(errors="surrogateescape"), stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    said = [line for line in tar.stderr.decode(errors="replace").splitlines() if "socket ignored" not in line]
    if tar.returncode > 1:
        die(f"tar: {said[0][:200] if said else 'it could not read everything'}", "is the disk well?")
    if tar.returncode:
        return "some of it changed while it was read: stop the app first for a copy of one moment"
    return f"volume:import takes no link that points out of the volume, as {packed.shown(out[0])} does" if out else ""


def copy(folder: Path, other: Path) -> None:
    """Copy all of a folder into an empty one; raise Refusal where there is no room."""
    with subprocess.Popen([*_tar("--create", folder), "--xattrs", "--acls", "."], stdout=subprocess.PIPE) as reading:
        writing = subprocess.run(
            [*_tar("--extract", other), "--xattrs", "--acls", "--preserve-permissions"],
            stdin=reading.stdout, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if writing.returncode or reading.returncode > 1:
        die(f"it could not be copied: {(writing.stderr.splitlines() or ['tar failed'])[0][:200]}", "is there room?")


def give(folder: Path, user: int, group: int) -> None:
    """Let all of a folder that nobody sees yet belong to this user and group."""
    for place, folders, names in os.walk(folder):
        os.chown(place, user, group)
        for name in (*folders, *names):
            path = Path(place, name)
            mode = path.lstat().st_mode
            os.chown(path, user, group, follow_symlinks=False)
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(mode & 0o777)


def reach_disk(folder: Path) -> None:
    """Wait until what was written there would outlive a power cut (sync(1))."""
    subprocess.run(["sync", "--file-system", str(folder)], check=True)


def _tar(what: str, folder: Path) -> list[str]:
    return ["tar", what, "--numeric-owner", "--sparse", "--one-file-system", f"--directory={folder}"]


def _found(folder: Path, *tests: str) -> list[str]:
    """What find(1) prints, which ends each word with a zero byte."""
    done = subprocess.run(["find", ".", "-xdev", *tests], cwd=folder, capture_output=True, check=False)
    return done.stdout.decode(errors="surrogateescape").split("\0")[:-1]
