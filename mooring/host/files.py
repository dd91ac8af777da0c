"""The one way to write a file, and to read one that somebody else controls."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mooring.host import text
from mooring.host.refusal import die

AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""fcntl.h, linux/fs.h."""
HARDLY = 64 << 20
"""Bytes that a disk has left where whatever fails may have failed by that."""


def write(path: Path, content: str, mode: int = 0o644, group: str | None = None) -> None:
    """Replace `path` by `content`: written beside it, synced, renamed, so a reader sees the old or the new whole.

    `mode` is the file's permissions; `group` its group where it is not the writer's.
    """
    temporary = path.with_name(f".tmp-{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if group is not None:
                give(temporary, group=group)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def give(path: Path, user: str | None = None, group: str | None = None) -> None:
    """Change a file's owner, its group, or both."""
    import grp
    import pwd

    os.chown(path, pwd.getpwnam(user).pw_uid if user else -1, grp.getgrnam(group).gr_gid if group else -1)


def remove_tree(path: Path) -> None:
    """Remove a folder and what is in it, following no link; one that is not there is fine."""
    try:
        path.rmdir()
    except OSError:
        import shutil

        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, under which a file in it is read and written anew (flock(2)): no change is lost."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def point(link: Path, target: str) -> None:
    """Make the symbolic link `link` point to `target` in one step, rename(2)."""
    temporary = link.with_name(f".tmp-{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.rename(link)
    sync_directory(link.parent)


def fullness(folder: Path) -> str:
    """What to say of a folder's disk where hardly anything fits on it any more; nothing else."""
    about = os.statvfs(folder)
    free = about.f_bavail * about.f_frsize
    return f"its disk has {free >> 20} MB left: `df {folder}`" if free < HARDLY else ""


def exchange(one: Path, other: Path) -> None:
    """Let two paths of one file system change places, in one step (rename(2), RENAME_EXCHANGE)."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_untrusted(path: Path, limit: int = 1 << 20) -> str:
    """The text of a regular file that another user wrote: no link is followed, no more than `limit` bytes read.

    Raises FileNotFoundError where there is none, Refusal for anything that is not a readable text file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        die(f"{path.name} cannot be read: {error.strerror}", "it must be a regular file")
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            die(f"{path.name} is not a regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        die(f"{path.name} is larger than {limit} bytes")
    try:
        return text.decode(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        die(f"{path.name} line {line} is not UTF-8 text", "save it as UTF-8")


def read_of_tree(path: Path, tree: Path, limit: int = 1 << 20) -> str:
    """`read_untrusted` of a file of a source tree, where a link may lead to another file of the tree."""
    return read_untrusted(linked(path, tree), limit)


def linked(path: Path, tree: Path) -> Path:
    """Where a file of a source tree is, by its own links and those of its folders.

    Raises FileNotFoundError where there is none, Refusal where a link leads nowhere or out of the tree.
    """
    said = f"{path.name} is a link to {str(path.readlink())[:80]!r}" if path.is_symlink() else ""
    try:
        place = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        if isinstance(error, FileNotFoundError) and not said:
            raise
        place = None
    if place is None or not place.is_relative_to(tree.resolve()):
        die(
            f"{said or path.name}, which is not there"
            if place is None
            else f"{said or path.name}, out of what is built",
            "link to a file of the repository; `builder:set APP build-dir FOLDER --whole` builds within all of it",
        )
    return place
