"""A service: a folder with its record, its data and its links."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host import files, names, paths
from mooring.host.names import ServiceName
from mooring.host.refusal import die


class Service(NamedTuple):
    """Its record. `image` is an image's id, `uid` and `gid` are who its server is there and its data belongs to.

    `address` is where this server itself reaches it, in the network of its own on `subnet`. `memory` is its limit in
    bytes, 0 for none. `stopped` is what a person told it to be. `expose` is the address and port of this server at
    which others reach it. `shared` is the database of all links where that is not called like the service.
    """

    name: ServiceName
    version: str
    image: str
    uid: int
    gid: int
    subnet: str
    address: str
    memory: int = 0
    stopped: bool = False
    expose: str = ""
    created: float = 0
    shared: str = ""

    @property
    def folder(self) -> Path:
        return folder(self.name)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def files(self) -> Path:
        """What its container finds below /mooring."""
        return self.folder / "files"

    @property
    def database(self) -> str:
        """The database that links share which ask for none of their own."""
        return self.shared or self.name.name.replace("-", "_")

    def changed(self, **changes: Any) -> "Service":
        return self._replace(**changes)


def folder(name: ServiceName) -> Path:
    return paths.SERVICES / name.kind / name.name


def save(record: Service, place: Path | None = None) -> Service:
    """Write the record and return it."""
    table = {**record._asdict(), "name": str(record.name)}
    files.write((place or record.folder) / "service.json", json.dumps(table, indent=1) + "\n", mode=0o600)
    return record


def load(name: ServiceName) -> Service:
    """The record of a service; raise Refusal if there is none."""
    record = look(name)
    if record is None:
        die(f"there is no {name.kind} {name.name}", f"`mooring {name.kind}:list` lists them")
    return record


def look(name: ServiceName) -> Service | None:
    """The record of a service; None if there is none."""
    try:
        table = json.loads((folder(name) / "service.json").read_text())
    except FileNotFoundError:
        return None
    return Service(**{**table, "name": name})


def find(kind: str, name: str) -> Service:
    """The service of that name as a person typed it; raise Refusal if there is none."""
    return load(names.check_service(kind, name))


def every(kind: str = "") -> Iterator[Service]:
    """All services, or those of a kind, by name."""
    for place in sorted(paths.SERVICES.glob(f"{kind or '*'}/*/service.json")):
        kind_of, name = place.parts[-3:-1]
        if names.KIND.fullmatch(kind_of) and names.APP.fullmatch(name):
            yield load(ServiceName(kind_of, name))


def change(name: ServiceName, **changes: Any) -> Service:
    """Change fields of a record, and no other change is lost."""
    with files.locked(folder(name)):
        return save(load(name).changed(**changes))


def now() -> float:
    return round(time.time(), 3)
