"""How the container of a service is made of its record and its kind's definition."""

import os
from pathlib import Path

from mooring.app import link
from mooring.host import settings
from mooring.runtime import server
from mooring.runtime.server import Joined, Spec
from mooring.service import setting
from mooring.service.kind import MOUNTED, Kind
from mooring.service.services import Service

MOST_DATA = 0.7
"""The part of its memory that a server may fill with data: the rest is for what it does with that."""


def spec(service: Service, kind: Kind, command: tuple[str, ...], place: Path | None = None) -> Spec:
    """What its container is made of, to run this command of the definition; its folder is at `place` for now."""
    folder = place or service.folder
    mounts = {MOUNTED: (folder / "files", True)}
    if kind.data:
        mounts[kind.data] = (folder / "data", False)
    return Spec(
        image=service.image,
        command=kind.words(command, memory=service.memory),
        user=f"{service.uid}:{service.gid}",
        environment=kind.server.environment,
        mounts=mounts,
        memory=service.memory,
        cpu=service.cpu,
        shared_memory=settings.size(kind.shared_memory),
        stop_signal=kind.server.stop_signal,
        stop_timeout=kind.server.stop_timeout,
    )


def write_files(service: Service, kind: Kind, place: Path | None = None) -> None:
    """Write what the container finds below /mooring: the kind's files as they are now, for its server alone."""
    folder = (place or service.folder) / "files"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, service.uid, service.gid)
    values: dict[str, object] = {"most_data": int(service.memory * MOST_DATA)}
    values["settings"] = setting.text(kind, service.settings, values)
    for name in kind.files:
        path = folder / name
        text = kind.text(name, values)
        # It is read again and again, also where nothing more fits on the disk.
        if path.is_file() and path.stat().st_uid == service.uid and path.read_text() == text:
            continue
        draft = folder / f".tmp-{name}"
        draft.write_text(text)
        os.chown(draft, service.uid, service.gid)
        draft.chmod(0o400)
        draft.rename(path)


def make_data(service: Service, place: Path) -> None:
    """Make the empty folder of its data, its server's own."""
    (place / "data").mkdir(mode=0o700)
    os.chown(place / "data", service.uid, service.gid)


def start(service: Service, kind: Kind) -> tuple[str, int]:
    """Start it in all networks that it belongs to; the id of its container, and its first process."""
    write_files(service, kind)
    server.ensure_network(service.name, service.subnet)
    return server.start(service.name, spec(service, kind, kind.server.command), service.address, joined(service))


def joined(service: Service) -> list[Joined]:
    """The networks of the apps that link it."""
    return [server.joined(each.app, each.address, each.host) for each in link.of_service(service.name)]
