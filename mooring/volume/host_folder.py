"""A folder of the server as a volume: which ones are never taken."""

import os
from pathlib import Path

from mooring.access.actor import is_here
from mooring.host.refusal import die
from mooring.volume import volumes

NEVER = tuple(map(Path, (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found", "/opt/mooring", "/proc",
    "/root", "/run", "/sbin", "/sys", "/usr", "/var/cache", "/var/lib/containerd", "/var/lib/docker",
    "/var/lib/dpkg", "/var/lib/mooring", "/var/lib/private", "/var/lib/systemd", "/var/log", "/var/run", "/var/spool",
)))  # fmt: skip
"""What the server itself lives by: neither these, nor what is in them, nor what has them in it."""


def check(name: str, word: str) -> str:
    """The path of the folder that a person named, if it may be the volume `name`; raise Refusal otherwise."""
    if not is_here():
        die(
            "--host-dir is for root on the server", f"there: `sudo mooring volume:create {name} --host-dir {word[:60]}`"
        )
    if not word.startswith("/") or len(word) > 1000 or not word.isprintable():
        die(f"{word[:60]!r} is no absolute path of a folder", "e.g. /srv/data")
    place = os.path.realpath(word)
    refuse(Path(place))
    if not Path(place).is_dir():
        die(f"there is no folder {word[:60]!r}", f"`mkdir -p {word[:60]}` makes it")
    if place != os.path.normpath("/" + word.lstrip("/")):
        die(f"{word[:60]!r} is a link, or leads through one", f"name the folder itself: {place[:60]}")
    return place


def refuse(place: Path) -> None:
    """Raise Refusal for a folder that the server lives by, or that belongs to another volume."""
    for each in NEVER:
        if meets(place, each) or meets(place, Path(os.path.realpath(each))):
            die(f"{place} is never a volume: the server lives by {each}", "make a folder of its own, e.g. /srv/data")
    for volume in volumes.every():
        if volume.host_folder and meets(place, Path(volume.host_folder)):
            die(f"{place} meets {volume.host_folder}, which is the volume {volume.name}", "choose a folder beside it")


def meets(one: Path, other: Path) -> bool:
    """Whether they are the same folder, or one is in the other."""
    return one.is_relative_to(other) or other.is_relative_to(one)
