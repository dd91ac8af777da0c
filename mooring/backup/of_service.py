"""What there is to back up of a service, and how it is put back."""

import re
from typing import Any, NamedTuple

from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal, die
from mooring.runtime import server
from mooring.service import grant, instance, services
from mooring.service.kind import Kind
from mooring.service.kind import of as kind_of
from mooring.service.services import Service

DATABASE = re.compile(r"[A-Za-z0-9_-]{1,63}")
"""Names that are safe in a file's name, a tag and an argument."""
MAKING = ("version", "memory", "cpu", "settings")
"""Fields of a record that say how to make another such service."""
COUNTING = 1800
"""Seconds for a definition's check: it may go through all rows."""


class Piece(NamedTuple):
    """One database, empty for a kind that has none; `file` is what its dump is called, `argv` writes that."""

    database: str
    file: str
    argv: list[str]


def pieces(service: Service, kind: Kind) -> list[Piece]:
    """What a backup of it is made of. Raises Refusal where it does not run, or has what no backup could hold."""
    ready(service, kind)
    return [piece(service, kind, each) for each in databases(service, kind)]


def ready(service: Service, kind: Kind) -> None:
    """Raise Refusal where it does not run."""
    name = service.name
    if not server.is_running(name):
        die(f"{name.name} does not run", f"`mooring {name.kind}:start {name.name}`, `systemctl status {name.unit}`")
    # As they are now, whatever Mooring was when it began.
    instance.write_files(service, kind)


def databases(service: Service, kind: Kind) -> list[str]:
    """Those that are there, but for the server's own; the one that links share is the first."""
    if not kind.backup.databases:
        return [service.database if kind.link.database else ""]
    said = server.ask(service.name, kind.words(kind.backup.databases), "").splitlines()
    found = [each for each in said if each and each not in kind.link.reserved]
    for each in found:
        if not DATABASE.fullmatch(each):
            die(f"the database {each[:60]!r} cannot be backed up", "letters, digits, _ and - are in a name that can")
    return sorted(found, key=lambda each: (each != service.database, each))


def piece(service: Service, kind: Kind, database: str) -> Piece:
    words = kind.words(kind.backup.export or kind.dump.export, database=database)
    file = ".".join(filter(None, (str(service.name), database, "dump")))
    return Piece(database, file, ["docker", "exec", service.name.key, *words])


def counted(service: Service, kind: Kind, database: str) -> list[str] | None:
    """What the definition compares a restored database by; None where it says nothing of that. Raises Refusal."""
    if not kind.backup.check:
        return None
    words = kind.words(kind.backup.check, database=database)
    return sorted(server.ask(service.name, words, "", COUNTING).splitlines())


def counted_in_time(service: Service, kind: Kind, database: str) -> list[str] | None:
    """The same; None also where it cannot be had: a backup is one without it."""
    try:
        return counted(service, kind, database)
    except Refusal:
        return None


def described(service: Service) -> dict[str, Any]:
    """What is known of it that says how to make another."""
    table = service._asdict()
    return {key: table[key] for key in MAKING if key in table}


def database_in(service: Service, shared: str, database: str) -> str:
    """What a database is called in a service that was in another: the one that links shared there is so here too."""
    return service.database if database == shared else database


def put(service: Service, kind: Kind, database: str, stdin: int) -> None:
    """Replace a database by the dump that a descriptor gives, when that has come whole. Raises Refusal."""
    if database:
        grant.make_database(service, kind, database)
    status, said = server.feed(service.name, kind.words(kind.dump.import_, database=database), stdin)
    if status and not said:
        either = "it has what it had, or what the backup has, and nothing between the two"
        die(f"the import into {service.name.name} was cut off (status {status}): {either}", "look, then try it again")
    if status:
        what = f"{database} of {service.name.name}" if database else service.name.name
        die(f"{what} is as it was: {said}")


def find(subject: str) -> tuple[Service, Kind]:
    """The service that a subject is. Raises Refusal where there is none."""
    name = ServiceName.parse(subject)
    return services.load(name), kind_of(name.kind)
