"""A volume: a folder of data, and what is known of it in a hidden folder beside it.

`/var/lib/mooring/volumes/uploads` is the data, `.uploads` beside it has the record, and what is made to take the
place of the data. Root's alone: what a container puts there is no local user's business.
"""

import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mooring.app import apps, mount
from mooring.app.apps import App
from mooring.app.mount import Mount
from mooring.host import files, names, paths
from mooring.host.refusal import Refusal, die
from mooring.volume import quota


class Volume(NamedTuple):
    """Its record. `size` is the most that it may hold, in bytes, 0 for no limit; `host_folder` the server's folder that
    it is, where it has none of its own; `created` is in seconds since the epoch."""

    name: str
    created: float
    size: int = 0
    host_folder: str = ""

    @property
    def folder(self) -> Path:
        """Where its data is."""
        return Path(self.host_folder) if self.host_folder else paths.VOLUMES / self.name

    @property
    def standing(self) -> Path:
        """Its folder; raise Refusal where that is not there."""
        if not self.folder.is_dir():
            die(f"the folder {self.folder} of the volume {self.name} is not there", "mount it, or make it again")
        return self.folder

    @property
    def beside(self) -> Path:
        return paths.VOLUMES / f".{self.name}"

    @property
    def draft(self) -> Path:
        """What is made to take the place of the data, and then what was there before."""
        return self.beside / "draft"

    def is_empty(self) -> bool:
        return next(os.scandir(self.standing), None) is None


def lets_write(volume: Volume, user: int, group: int) -> bool:
    """Whether a process of this user and group may write there, by owner and mode."""
    status = volume.standing.stat()
    bit = stat.S_IWUSR if status.st_uid == user else stat.S_IWGRP if status.st_gid == group else stat.S_IWOTH
    return user == 0 or bool(status.st_mode & bit)


def find(name: str) -> Volume:
    """The volume of that name; raise Refusal if there is none."""
    names.check_volume(name)
    try:
        return _read(name)
    except FileNotFoundError:
        die(f"there is no volume {name}", f"`mooring volume:list` lists them; `mooring volume:create {name}` makes it")


def _read(name: str) -> Volume:
    return Volume(name, **json.loads((paths.VOLUMES / f".{name}" / "volume.json").read_text()))


def every() -> Iterator[Volume]:
    """All volumes, by name."""
    for path in sorted(paths.VOLUMES.glob(".*/volume.json")):
        yield _read(path.parent.name[1:])


def create(name: str, size: int = 0, host_folder: str = "") -> Volume:
    """Make a volume, empty or of a host's folder; raise Refusal for a bad or a taken name."""
    volume = Volume(names.check_volume(name), round(time.time(), 3), size, host_folder)
    with files.locked(paths.VOLUMES):
        if (volume.beside / "volume.json").exists():
            die(f"there is a volume {name} already", f"`mooring volume:info {name}` shows it")
        if not host_folder and volume.folder.is_symlink():
            die(f"{volume.folder} is a link", "remove it, or choose another name")
        if not host_folder:
            volume.folder.mkdir(mode=0o755, exist_ok=True)
            quota.limit(volume.folder, size)
        volume.beside.mkdir(mode=0o700, exist_ok=True)
        record = {key: value for key, value in volume._asdict().items() if key != "name"}
        files.write(volume.beside / "volume.json", json.dumps(record) + "\n", mode=0o600)
    return volume


def destroy(volume: Volume) -> None:
    """Remove it with its data; of a host's folder only what is known of it. The caller has seen that nobody uses it."""
    gone = paths.VOLUMES / f".gone.{volume.name}"
    if not volume.host_folder and volume.folder.exists():
        quota.clear(volume.folder)
        volume.folder.rename(volume.beside / "gone")
    files.remove_tree(gone)
    volume.beside.rename(gone)
    files.remove_tree(gone)


def recover() -> None:
    """After a boot: remove what was being made, and finish what was being destroyed."""
    for beside in paths.VOLUMES.glob(".*"):
        if (beside / "gone").exists() or beside.name.startswith(".gone."):
            files.remove_tree(beside)
        else:
            for left in (beside / "draft", *beside.glob(".tmp-*")):
                files.remove_tree(left) if left.is_dir() else left.unlink(missing_ok=True)


def open_draft(volume: Volume) -> Path:
    """An empty folder with the limits of the volume, to take the place of its data."""
    drop_draft(volume)
    volume.draft.mkdir(mode=0o755)
    quota.limit(volume.draft, volume.size)
    return volume.draft


def drop_draft(volume: Volume) -> None:
    """Remove the draft, or what was there before it took the place of the data."""
    if volume.draft.is_dir():
        quota.clear(volume.draft)
        files.remove_tree(volume.draft)


@contextmanager
def alone(volume: Volume) -> Iterator[None]:
    """Nobody else replaces what is in the volume meanwhile; raise Refusal where somebody does."""
    import fcntl

    descriptor = os.open(volume.beside, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            die(f"what is in {volume.name} is being replaced", "wait until that has ended")
        yield
    finally:
        os.close(descriptor)


def exchange(volume: Volume) -> None:
    """Let draft and data change places, in one step (rename(2), RENAME_EXCHANGE)."""
    files.exchange(volume.draft, volume.folder)
    files.sync_directory(paths.VOLUMES)


def links() -> dict[str, list[tuple[App, Mount]]]:
    """By volume: which apps have it linked, and how; one whose app.toml is broken is passed over."""
    found: dict[str, list[tuple[App, Mount]]] = {}
    for app in apps.every():
        try:
            mounts = mount.of(app.choices())
        except Refusal:
            continue
        for each in mounts:
            found.setdefault(each.volume, []).append((app, each))
    return found
