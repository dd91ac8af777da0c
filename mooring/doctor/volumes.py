"""Volumes: those that are nearly full, whose folder is not there, or that are linked and are none."""

import os
from collections.abc import Iterator
from pathlib import Path

from mooring.app import apps, mount
from mooring.doctor import Finding
from mooring.doctor.host import FULL, fullness
from mooring.host import paths
from mooring.host.refusal import Refusal
from mooring.release import formation
from mooring.volume import quota
from mooring.volume import volumes as every_volume


def volumes() -> Iterator[Finding]:
    root = Path("/").stat().st_dev
    seen = {root, *(each.stat().st_dev for each in (paths.APPS, paths.SPOOL, paths.BUILDS) if each.exists())}
    for volume in every_volume.every():
        if not volume.folder.is_dir():
            yield Finding(volume.name, f"its folder {volume.folder} is not there", "mount it, or make it again")
            continue
        used = quota.used(volume.folder) if volume.size else None
        if used is not None and used >= FULL * volume.size:
            of = f"{formation.size(used)} of {formation.size(volume.size)}"
            yield Finding(
                volume.name, f"the volume is nearly full: {of}", f"`ls -l {volume.folder}` shows what is in it"
            )
        # A folder that has a limit says of the disk what is left of that.
        place = volume.folder if volume.host_folder else paths.VOLUMES
        if (device := place.stat().st_dev) not in seen:
            seen.add(device)
            yield from fullness(place, os.statvfs(place))


def links() -> Iterator[Finding]:
    known = {each.name for each in every_volume.every()}
    for app in apps.every():
        try:
            linked = mount.of(app.choices())
        except Refusal:
            # Told of by who looks at the apps.
            continue
        for each in linked:
            if each.volume not in known:
                remedy = f"`mooring volume:create {each.volume}`, or `mooring volume:unlink {app.name} {each.volume}`"
                yield Finding(app.name, f"the volume {each.volume} that is linked to it is not there", remedy)


EXAMINATIONS = (volumes, links)
