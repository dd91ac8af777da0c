"""A service of its own with the data of another one."""

from collections.abc import Callable
from pathlib import Path

from mooring.app import link
from mooring.host import program, systemd, text
from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal, die
from mooring.runtime import beside
from mooring.service import creation, grant
from mooring.service.kind import Dump, Kind
from mooring.service.services import Service


def clone(source: Service, kind: Kind, name: ServiceName, say: Callable[[str], None]) -> Service:
    """Make it as it is now, in the version and with the settings that it has; no app is linked to it.

    Where that fails, nothing of it is left.
    """
    dump = of_all(kind)
    if not kind.data:
        die(f"a {kind.name} keeps no data", f"`mooring {kind.name}:create {name.name}` makes another one")

    def fill(record: Service, kind: Kind, place: Path) -> None:
        if dump.export:
            creation.initialise(record, kind, place)
        else:
            copy(source, place)

    # Whatever is said of another service is its too; its databases keep their names.
    draft = source.changed(name=name, expose="", stopped=False, shared=source.database)
    made = creation.make(draft, kind, say, fill)
    try:
        if dump.export:
            export, import_ = (kind.words(each, database=source.database) for each in (dump.export, dump.import_))
            beside.pipe(source.name.key, export, made.name.key, import_)
        for each in link.of_service(source.name):
            if kind.link.revoke:
                grant.drop_user(made, kind, each.user, each.database)
    except BaseException as error:
        creation.remove(name)
        if isinstance(error, Refusal):
            die(f"{name.name} could not be made: {error}")
        raise
    return made


def of_all(kind: Kind) -> Dump:
    """What writes and reads all that is in it while it runs; empty commands where there is nothing."""
    return kind.whole if kind.whole.export or kind.link.database else kind.dump


def copy(source: Service, place: Path) -> None:
    """Copy its data while it is stopped."""
    systemd.stop([source.name.unit])
    try:
        program.run("cp", "--archive", "--reflink=auto", f"{source.data}/.", str(place / "data"))
        program.run("sync", "--file-system", str(place))
    except program.ProgramError as error:
        die(f"{source.name.name} could not be copied: {text.cause(error.output)}")
    finally:
        systemd.start([source.name.unit])
