"""What a server of another version will read, made of what the one before has left."""

import select
from contextlib import ExitStack
from pathlib import Path

from mooring.app.checks import Check
from mooring.host import program
from mooring.runtime import beside, engine
from mooring.service import creation, instance, upgrade
from mooring.service.kind import Kind
from mooring.service.kind import of as kind_of
from mooring.service.services import Service
from mooring.service.upgrade import Side
from units.app import ready
from units.app.answers import NotYet, Wrong
from units.app.question import command
from units.app.wait import open_process


def make(service: Service, wanted: Side, place: Path) -> None:
    """Make the data that a server of another version reads; raise an error where that cannot be."""
    kind = kind_of(service.name.kind)
    new = service.changed(**wanted._asdict())
    place.mkdir(mode=0o700)
    instance.write_files(service, kind)
    instance.write_files(new, kind, place)
    same = upgrade.main_version(kind, service.version) == upgrade.main_version(kind, wanted.version)
    if same or kind.upgrade.way == "copy":
        program.run("cp", "--archive", "--reflink=auto", str(service.data), str(place / "data"))
        if (wanted.uid, wanted.gid) != (service.uid, service.gid):
            program.run("chown", "--recursive", "--no-dereference", f"{wanted.uid}:{wanted.gid}", str(place / "data"))
    else:
        instance.make_data(new, place)
        creation.initialise(new, kind, place)
        hand_over(service, new, kind, place)
    program.run("sync", "--file-system", str(place))


def hand_over(service: Service, new: Service, kind: Kind, place: Path) -> None:
    """Have a server of the new version read what one of the old version writes, each in no network."""
    with ExitStack() as both:
        specs = (
            instance.spec(service, kind, kind.server.command),
            instance.spec(new, kind, kind.server.command, place),
        )
        old, fresh = (both.enter_context(beside.running(service.name, spec)) for spec in specs)
        for each in (old, fresh):
            await_answer(each, kind)
        beside.pipe(old, kind.words(kind.whole.export), fresh, kind.words(kind.whole.import_))


def await_answer(identity: str, kind: Kind) -> None:
    """Return when the server in a container answers; raise Refusal where it does not."""
    pid = int(engine.ask("GET", f"/containers/{identity}/json")["State"]["Pid"])
    descriptor = open_process(identity, pid)

    def gone(seconds: float) -> bool:
        return descriptor is None or bool(select.select([descriptor], [], [], seconds)[0])

    def asked() -> None:
        try:
            command(identity, Check(command=tuple(kind.words(kind.server.ready))))
        except Wrong as error:
            raise NotYet(str(error)) from None

    ready.wait(Check(), asked, gone, kind.server.timeout)
