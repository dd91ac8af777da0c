"""From one version of a server to another, and back: what was asked for, and how far it has come.

It is done where the service starts, so that whatever ends it, the next start goes on or takes it back. The folder
`other` has the data that is not in use: first what the newer server will read, then what the older one has left.
"""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mooring.app import link
from mooring.host import files, text
from mooring.host.names import ServiceName
from mooring.service import services
from mooring.service.kind import Kind
from mooring.service.services import Service

ASKED, MOVING, UNPROVEN, KEPT = "asked", "moving", "unproven", "kept"
BEGUN = "begun"
Users = tuple[tuple[str, str], ...]
"""Users of links, each with its database."""


class Side(NamedTuple):
    """What differs between a service in one version and in another."""

    version: str
    image: str
    uid: int
    gid: int


class Upgrade(NamedTuple):
    """A record. `wanted` becomes of `left`; `back` is a way back, to data that were in use before;
    `taken_back` one that has come to nothing.

    `inode` is that of the data which are to come in: who has it is known also after a power cut. `users` are those
    that the data not in use know, `stale` those that are to be removed of the data in use.
    """

    name: ServiceName
    state: str
    wanted: Side
    left: Side
    began: float
    back: bool = False
    taken_back: bool = False
    inode: int = 0
    users: Users = ()
    stale: Users = ()


def side(service: Service) -> Side:
    return Side(service.version, service.image, service.uid, service.gid)


def other(name: ServiceName) -> Path:
    """The folder of what is not in use; its data are in `data` there."""
    return services.folder(name) / "other"


def failure_of(name: ServiceName) -> Path:
    """Why the last one came to nothing, for whoever asked for it."""
    return services.folder(name) / "upgrade.failed"


def _record(name: ServiceName) -> Path:
    return services.folder(name) / "upgrade.json"


def read(name: ServiceName) -> Upgrade | None:
    """What is on its way or kept; None where nothing is."""
    try:
        table = json.loads(_record(name).read_text())
    except FileNotFoundError:
        return None
    sides = {key: Side(*table[key]) for key in ("wanted", "left")}
    users = {key: tuple((user, database) for user, database in table[key]) for key in ("users", "stale")}
    return Upgrade(**{**table, **sides, **users, "name": name})


def save(found: Upgrade) -> Upgrade:
    files.write(_record(found.name), json.dumps({**found._asdict(), "name": str(found.name)}) + "\n", mode=0o600)
    return found


def ask(service: Service, wanted: Side) -> None:
    """Have its next start make it this version."""
    failure_of(service.name).unlink(missing_ok=True)
    save(Upgrade(service.name, ASKED, wanted, side(service), time.time()))


def ask_back(found: Upgrade) -> None:
    """Have its next start take the data that are kept."""
    failure_of(found.name).unlink(missing_ok=True)
    _turn(found._replace(back=True, taken_back=False))


def _turn(found: Upgrade) -> Upgrade:
    inode = (other(found.name) / "data").stat().st_ino
    return save(found._replace(state=MOVING, wanted=found.left, left=found.wanted, inode=inode))


def go_on(service: Service, make: Callable[[Service, Side, Path], None]) -> None:
    """Before it starts: do what was asked for, go on where that ended, or take it back. `make` makes the new data."""
    name = service.name
    found = read(name)
    if found is None:
        if other(name).exists():
            files.remove_tree(other(name))
    elif found.state == BEGUN:
        give_up(name, "it was cut off")
    elif found.state == ASKED:
        files.remove_tree(other(name))
        save(found._replace(state=BEGUN))
        try:
            make(service, found.wanted, other(name))
            inode = (other(name) / "data").stat().st_ino
        except Exception as error:
            give_up(name, str(error))
            return
        move(save(found._replace(state=MOVING, inode=inode, users=users_of(name))))
    elif found.state == MOVING:
        move(found)


def move(found: Upgrade) -> None:
    """Let the data change places, and the record say so; safe to do again where it was cut off."""
    data = services.folder(found.name) / "data"
    if data.stat().st_ino != found.inode:
        files.exchange(other(found.name) / "data", data)
        files.sync_directory(data.parent)
        files.sync_directory(other(found.name))
    services.change(found.name, **found.wanted._asdict())
    save(found._replace(state=UNPROVEN, stale=found.users, users=users_of(found.name)))


def users_of(name: ServiceName) -> Users:
    return tuple((each.user, each.database) for each in link.of_service(name) if each.user)


def is_unproven(name: ServiceName) -> bool:
    """Whether it is not known yet that the data it has got let it come up; else they change places again."""
    found = read(name)
    return found is not None and found.state == UNPROVEN and not found.taken_back


def take_back(name: ServiceName, why: str) -> None:
    """What was moved does not come up: the others change places with it again."""
    found = read(name)
    assert found
    files.write(failure_of(name), text.cause(why))
    move(_turn(found._replace(taken_back=True)))


def give_up(name: ServiceName, why: str) -> None:
    """Nothing was moved: it stays as it is."""
    full = files.fullness(services.folder(name))
    forget(name)
    files.write(failure_of(name), text.cause(why) + (f" ({full})" if full else ""))


def forget(name: ServiceName) -> None:
    """Remove the data that are not in use."""
    _record(name).unlink(missing_ok=True)
    files.sync_directory(services.folder(name))
    files.remove_tree(other(name))


def proven(name: ServiceName) -> None:
    """It answers: the other data are kept until a person says what becomes of them."""
    found = read(name)
    if found is None or found.state != UNPROVEN:
        return
    if found.taken_back and not found.back:
        forget(name)
    else:
        save(found._replace(state=KEPT, stale=(), back=False, taken_back=False))


def kept_of(name: ServiceName) -> str:
    """The version whose data are kept; empty where none are."""
    found = read(name)
    return found.left.version if found and found.state == KEPT else ""


def main_version(kind: Kind, version: str) -> str:
    """Which of the kind's versions that is: `17` for 17.2."""
    return next(each for each in kind.versions if re.fullmatch(rf"{re.escape(each)}([.-].+)?", version))


def is_older(version: str, than: str) -> bool:
    """Whether a version comes before another; one that says less than the other does not."""
    pairs = zip(re.findall(r"\d+", version), re.findall(r"\d+", than), strict=False)
    return next((int(one) < int(other) for one, other in pairs if one != other), False)
