"""Making a service, and removing one: it is there whole or not at all."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mooring.app import link
from mooring.host import files, paths, settings, systemd, text
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.runtime import engine, server
from mooring.service import elsewhere, exposure, grant, image, instance, rename, services, trial
from mooring.service.kind import Kind
from mooring.service.services import Service

DRAFT = ".tmp-"
GONE = ".gone-"


def create(
    kind: Kind, name: ServiceName, version: str, memory: int, say: Callable[[str], None], **more: Any
) -> Service:
    """Make a service and start it, wait until it answers; where any of that fails nothing of it is left.

    `more` are fields of its record.
    """
    identity = image.get(kind, version, say)
    uid, gid = image.owner(identity, kind.user)
    record = Service(name, version, identity, uid, gid, "", "", memory, **more)
    made = make(record, kind, say, initialise)
    try:
        grant.make_database(made, kind, made.database)
    except BaseException:
        remove(name)
        raise
    return made


def make(
    draft: Service, kind: Kind, say: Callable[[str], None], fill: Callable[[Service, Kind, Path], None]
) -> Service:
    """Make a service of its record, which lacks its addresses; `fill` makes what is in its data folder."""
    name = draft.name
    place = paths.SERVICES / kind.name / f"{DRAFT}{name.name}.{os.getpid()}"
    place.mkdir(mode=0o700, parents=True)
    try:
        instance.make_data(draft, place)
        (place / "links").mkdir(mode=0o700)
        subnet, address = server.make_network(name, settings.load().network_pool)
        record = draft.changed(subnet=subnet, address=address, created=services.now())
        services.save(record, place)
        instance.write_files(record, kind, place)
        fill(record, kind, place)
        if record.settings:
            trial.check(record, kind, place)
        place.rename(record.folder)
        files.sync_directory(record.folder.parent)
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        refuse_taken(name)
        server.remove(name)
        die(f"{name.name} could not be made: {error.strerror or error}", "is the disk full? `df /var/lib/mooring`")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        server.remove(name)
        raise
    say(f"-----> Starting {name.unit}")
    began = time.time()
    try:
        if not systemd.start([name.unit]):
            die(f"{name.name} did not start: {trial.said(name, began)}")
    except BaseException:
        remove(name)
        raise
    return record


def refuse_taken(name: ServiceName) -> None:
    if services.folder(name).exists():
        die(f"there is a {name.kind} {name.name} already", f"`mooring {name.kind}:info {name.name}` shows it")


def refuse_reserved(kind: Kind, name: ServiceName) -> None:
    if name.name.replace("-", "_") in kind.link.reserved:
        die(f"{name.name!r} is a database of the server's own", f"choose another name, e.g. {name.name}-main")


def refuse_linked(service: Service) -> None:
    if users := [each.app for each in link.of_service(service.name)]:
        unlink = f"`mooring {service.name.kind}:unlink {service.name.name} {users[0]}`"
        die(f"{service.name.name} is used by {', '.join(users)}", f"{unlink} first")


def initialise(record: Service, kind: Kind, place: Path) -> None:
    """Run on its empty data folder what the definition says."""
    if not kind.server.init:
        return
    status, said = server.run_once(record.name, instance.spec(record, kind, kind.server.init, place))
    if status:
        die(
            f"{record.name.name} could not be made: {text.cause(said) or f'status {status}'}",
            files.fullness(place.parent),
        )


def remove(name: ServiceName) -> None:
    """Remove everything of a service. What the power cuts is finished at the next boot."""
    gone = paths.SERVICES / name.kind / f"{GONE}{name.name}"
    shutil.rmtree(gone, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        services.folder(name).rename(gone)
    systemd.stop([exposure.unit(name), name.unit])
    server.remove(name)
    systemd.stop([name.slice])
    shutil.rmtree(gone, ignore_errors=True)


def clean() -> None:
    """Remove, at boot, what no service owns: what was being made or removed when the power went."""
    for left in [*paths.SERVICES.glob(f"*/{DRAFT}*"), *paths.SERVICES.glob(f"*/{GONE}*"), *trial.left()]:
        files.remove_tree(left)
    rename.clean()
    elsewhere.clean()
    known = {each.name for each in services.every()}
    for made in (made for name in known for made in link.unheld(name)):
        link.leave_behind(made)
    for identity, name in server.every():
        # Its unit makes another; what was run once for it is nobody's.
        if name not in known or not server.is_running(name):
            engine.remove(identity)
    for name in server.every_network():
        if name not in known:
            server.remove(name)
