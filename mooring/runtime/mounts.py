"""What a container sees of its app's volumes: bind mounts, as the Engine API has them."""

import os
from typing import TYPE_CHECKING, Any

from mooring.host.refusal import die
from mooring.release.releases import Release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mooring.app.apps import App
    from mooring.volume.volumes import Volume


def of(record: Release, process: str) -> list[dict[str, Any]]:
    """The mounts of a release's containers of a process; raise Refusal for a volume that is not as it was linked.

    One place for all containers: processes, the release phase, one-off commands, and what else is run of a release.
    """
    if not record.mounts:
        return []
    # Imported where it is used: most apps keep nothing.
    from mooring.volume import volumes

    found = []
    for mount in record.mounts:
        if mount.is_of(process):
            folder = str(volumes.find(mount.volume).standing)
            if os.path.realpath(folder) != folder:
                die(f"the volume {mount.volume}: {folder} is a link, or leads through one", "give it a folder")
            options = {"Propagation": "private", "NonRecursive": True}
            bind = {"Type": "bind", "Source": folder, "Target": mount.path, "BindOptions": options}
            found.append({**bind, "ReadOnly": mount.read_only})
    return found


def used(volume: "Volume", apps: "Iterable[App]") -> list[str]:
    """What has the volume: of some apps the releases on their way, live or draining (`my-app v3`), and containers."""
    from mooring.release import releases
    from mooring.runtime import engine

    recorded = [
        f"{app.name} v{record.name.number}"
        for app in apps
        for record in releases.active(app)
        if any(mount.volume == volume.name for mount in record.mounts)
    ]
    listed = engine.ask("GET", f"/containers/json?all=true&filters={engine.filters(label='mooring.app')}")
    return recorded + [
        each["Names"][0].lstrip("/")
        for each in listed
        if any(mount.get("Source") == str(volume.folder) for mount in each["Mounts"])
    ]
