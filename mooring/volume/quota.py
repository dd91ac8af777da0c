"""Project quotas of ext4 and xfs: a folder whose files together may take so much, and no more.

By the kernel's own calls (ioctl_xfs_fsgetxattr(2), quotactl_fd(2)), which need no package and no name of the device.
Each folder gets a project of its own; which one is asked of the folder.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mooring.host import paths

GET_ATTRIBUTES, SET_ATTRIBUTES = 0x801C581F, 0x401C5820
ATTRIBUTES = struct.Struct("IIIII8x")
"""struct fsxattr: flags, extsize, nextents, project, cowextsize."""
INHERIT = 0x200
"""What is made in the folder is of its project."""
QUOTACTL_FD = 443
PROJECTS = 2
GET_STATE, GET_QUOTA, SET_QUOTA = 0x5805, 0x800007, 0x800008
ENFORCED = 1 << 5
"""The kernel refuses what is over a project's limit (struct fs_quota_stat, FS_QUOTA_PDQ_ENFD)."""
LIMITS = struct.Struct("=8QI4x")
"""struct if_dqblk: limits of blocks of 1 KiB (hard, soft), bytes used, limits of inodes, inodes used, times, what of it
is valid."""
OF_BLOCKS = 1
FIRST = 0x4D00_0000
"""Beyond the numbers that people and Docker give to projects."""


def holds(folder: Path) -> bool:
    """Whether the filesystem that the folder is on keeps limits of projects."""
    try:
        with _opened(folder) as descriptor:
            state = _quotactl(descriptor, GET_STATE, 0, bytes(256))
    except OSError:
        return False
    return bool(struct.unpack_from("=H", state, 2)[0] & ENFORCED)


def limit(folder: Path, size: int) -> bool:
    """Let an empty folder hold at most `size` bytes, where its filesystem can; whether it does."""
    if not size or not holds(folder):
        return False
    project = _free()
    with _opened(folder) as descriptor:
        flags, extent, count, _, cow = _attributes(descriptor)
        fcntl.ioctl(descriptor, SET_ATTRIBUTES, ATTRIBUTES.pack(flags | INHERIT, extent, count, project, cow))
        _set_limit(descriptor, project, size)
    return True


def clear(folder: Path) -> None:
    """Forget the limit of a folder that is about to be removed."""
    if (project := project_of(folder)) >= FIRST:
        with _opened(folder) as descriptor:
            _set_limit(descriptor, project, 0)


def used(folder: Path) -> int | None:
    """The bytes that a folder with a limit uses; None where nobody counts."""
    if (project := project_of(folder)) < FIRST:
        return None
    with _opened(folder) as descriptor:
        return int(LIMITS.unpack(_quotactl(descriptor, GET_QUOTA, project, bytes(LIMITS.size)))[2])


def project_of(folder: Path) -> int:
    """The folder's project, 0 for none."""
    try:
        with _opened(folder) as descriptor:
            return _attributes(descriptor)[3]
    except OSError:
        return 0


def _free() -> int:
    """A project that no volume has."""
    taken = {project_of(each) for each in (*paths.VOLUMES.glob("*"), *paths.VOLUMES.glob(".*/draft"))}
    return next(number for number in range(FIRST, FIRST + len(taken) + 1) if number not in taken)


def _attributes(descriptor: int) -> tuple[int, int, int, int, int]:
    found = ATTRIBUTES.unpack(fcntl.ioctl(descriptor, GET_ATTRIBUTES, bytes(ATTRIBUTES.size)))
    return found[0], found[1], found[2], found[3], found[4]


def _set_limit(descriptor: int, project: int, size: int) -> None:
    blocks = size >> 10
    _quotactl(descriptor, SET_QUOTA, project, LIMITS.pack(blocks, blocks, 0, 0, 0, 0, 0, 0, OF_BLOCKS))


def _quotactl(descriptor: int, command: int, project: int, data: bytes) -> bytes:
    """Ask the kernel about a project; `data` is as long as its answer."""
    # Imported where it is used: what starts an app knows of volumes, and needs none of this.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(data, len(data))
    if libc.syscall(QUOTACTL_FD, descriptor, ctypes.c_uint(command << 8 | PROJECTS), ctypes.c_uint(project), buffer):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return buffer.raw


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
