"""What an empty volume takes over from the image that sees it first: files, owner and mode, as Docker's own volumes do.

Docker itself copies it, into a folder beside, which then takes the place of the empty one: never half of it is seen.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from mooring.app.apps import App
from mooring.app.mount import Mount
from mooring.host import files, paths
from mooring.host.refusal import die
from mooring.release import releases
from mooring.release.releases import Release
from mooring.runtime import engine, mounts
from mooring.volume import volumes
from mooring.volume.volumes import Volume

UNTOUCHED = 0o1700
"""The mode by which a folder shows that Docker found nothing in the image to copy."""


@contextmanager
def given(record: Release, wanted: tuple[Mount, ...]) -> Iterator[None]:
    """Give every empty volume that no release has its first content; the release is recorded inside of this.

    So of two apps that get the same volume at once, the second one sees that it is the first one's.
    """
    live = releases.load(live_name).mounts if (live_name := App(record.name.app).live) else ()
    known = {each.volume for each in live}
    new = [each for each in wanted if each.volume not in known and is_fresh(volumes.find(each.volume))]
    if not new:
        yield
        return
    with files.locked(paths.VOLUMES):
        for mount in new:
            volume = volumes.find(mount.volume)
            linked = [app for app, _ in volumes.links().get(volume.name, [])]
            if is_fresh(volume) and not mounts.used(volume, linked):
                with volumes.alone(volume):
                    fill(volume, record.name.image, mount.path)
        yield


def is_fresh(volume: Volume) -> bool:
    """Whether it may take something over: a host's folder is as its owner wants it."""
    return not volume.host_folder and volume.is_empty()


def fill(volume: Volume, image: str, path: str) -> None:
    """Copy what the image has at a path; where it has nothing, the volume is of whom the image's processes run as."""
    draft = volumes.open_draft(volume)
    draft.chmod(UNTOUCHED)
    driver = {"Name": "local", "Options": {"type": "none", "o": "bind", "device": str(draft)}}
    mount = {"Type": "volume", "Target": path, "VolumeOptions": {"DriverConfig": driver}}
    body = {
        "Image": image, "Entrypoint": ["/none"], "Labels": {"mooring.app": ""}, "HostConfig": {"Mounts": [mount]},
    }  # fmt: skip
    try:
        made = engine.ask("POST", "/containers/create", body)
    except engine.EngineError as error:
        die(f"the volume {volume.name} cannot be at {path} of the image: {error}", "link it to another path")
    engine.remove(made["Id"])
    if draft.stat().st_mode & 0o7777 == UNTOUCHED:
        user, group = runs_as(image)
        os.chown(draft, user, group)
        draft.chmod(0o755)
    else:
        # Imported where it is used, here and below: each push of an app that has a volume comes by.
        from mooring.volume import content

        content.reach_disk(draft)
    draft.rename(volume.folder)


def runs_as(image: str) -> tuple[int, int]:
    """User and group that the image's processes run as, by its USER and its /etc/passwd; root's where it names none."""
    user, _, group = (engine.ask("GET", f"/images/{image}/json")["Config"].get("User") or "").partition(":")
    if not user or (user.isdigit() and group.isdigit()):
        return int(user or 0), int(group or 0)
    by_name = {line[0]: line for line in _lines(image, "/etc/passwd")}
    by_number = {line[2]: line for line in by_name.values() if len(line) > 3}
    entry = by_name.get(user) or by_number.get(user) or [user, "", user, "0"]
    groups = {line[0]: line[2] for line in _lines(image, "/etc/group")} if group and not group.isdigit() else {}
    return _number(entry[2]), _number(groups.get(group, group) or entry[3])


def _lines(image: str, path: str) -> list[list[str]]:
    from mooring.runtime import images

    try:
        return [fields for line in images.read_file(image, path).splitlines() if len(fields := line.split(":")) > 2]
    except (FileNotFoundError, engine.EngineError):
        return []


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and int(text) < 1 << 32 else 0
