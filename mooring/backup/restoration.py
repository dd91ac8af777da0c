"""A copy that is put back: into the service that it is of, or into a new one."""

import os
import subprocess
import tempfile
from collections.abc import Callable
from typing import IO

from mooring.backup import copies, of_service, repository
from mooring.backup.copies import Copy
from mooring.backup.destination import Destination
from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal, die
from mooring.service import creation, image, services
from mooring.service.kind import Kind
from mooring.service.services import Service

Say = Callable[[str], None]


def into(service: Service, kind: Kind, copy: Copy, to: Destination) -> None:
    """Replace what a service has by what a copy has, one database after the other, each when it has come whole."""
    of_service.ready(service, kind)
    done: list[str] = []
    for database, identity in copy.pieces.items():
        target = of_service.database_in(service, copy.shared, database)
        try:
            piece(service, kind, target, to, identity, copy.files[database])
        except Refusal as refusal:
            die(f"{', '.join(done)} restored; {refusal.message}" if done else refusal.message, refusal.hint)
        done.append(target)


def piece(service: Service, kind: Kind, database: str, to: Destination, identity: str, file: str) -> None:
    """Give the dump of one database to what reads it, as restic hands it out. Raises Refusal."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as problems:
        try:
            source = subprocess.Popen(
                repository.argv(to, "dump", "--no-lock", identity, file), env=repository.environment(to),
                stdin=subprocess.DEVNULL, stdout=writing, stderr=problems, start_new_session=True,
            )  # fmt: skip
            os.close(writing)
            of_service.put(service, kind, database, reading)
        except Refusal:
            os.close(reading)
            reading = -1
            if source.wait() and (said := complaint(problems)) and "broken pipe" not in said:
                repository.refuse(to, source.returncode, said)
            raise
        finally:
            if reading >= 0:
                os.close(reading)
        if source.wait():
            repository.refuse(to, source.returncode, complaint(problems))


def complaint(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def into_new(kind: Kind, name: ServiceName, copy: Copy, to: Destination, say: Say) -> Service:
    """Make a service that has what a copy has; where that fails, there is none."""
    creation.refuse_taken(name)
    creation.refuse_reserved(kind, name)
    record = copies.manifest(to, copy)
    more = {key: record[key] for key in ("cpu", "settings") if key in record}
    version = image.check_version(kind, copy.version)
    made = creation.create(kind, name, version, int(record.get("memory", 0)), say, **more)
    try:
        say(f"-----> Restoring {copy.short} into {name.name}")
        into(made, kind, copy, to)
    except BaseException:
        creation.remove(name)
        raise
    return services.load(name)
