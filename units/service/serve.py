"""ExecStart of mooring-service@: start the container, tell systemd when its server answers, wait for its end.

python -m units.service.serve postgres.orders
"""

import contextlib
import os
import select
import sys
from typing import NoReturn

from mooring.app.checks import Check
from mooring.host import systemd
from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal
from mooring.runtime import cgroup, containers
from mooring.service import grant, instance, services, trial
from mooring.service.kind import Kind
from mooring.service.kind import of as kind_of
from mooring.service.services import Service
from units.app import ending, ready
from units.app.answers import NotYet, Wrong
from units.app.question import command, listening
from units.app.serve import PYTHON, WAIT
from units.app.start import pace_unit
from units.app.wait import open_process
from units.service import version


def start(name: ServiceName) -> None:
    """Start it, and return when it answers; raise Refusal where it does not."""
    service = services.load(name)
    kind = kind_of(name.kind)
    identity, pid = instance.start(service, kind)
    containers.remember(name, identity, pid, unit=name.unit, **to_watch(service, kind, pid))
    descriptor = open_process(identity, pid)

    def gone(seconds: float) -> bool:
        return descriptor is None or bool(select.select([descriptor], [], [], seconds)[0])

    try:
        ready.wait(Check(), lambda: answers(service.address, identity, kind), gone, kind.server.timeout)
    except Refusal as refusal:
        raise Refusal(
            ready.killed_at_limit(identity, service.memory, gone, f"{kind.name}:limit") or str(refusal)
        ) from None


def to_watch(service: Service, kind: Kind, pid: int) -> dict[str, str]:
    """What the waiter looks at: the file in which the kernel counts hits of the memory limit, and whether it hangs."""
    watched = {"liveness": "units.service.alive"} if kind.server.watch else {}
    with contextlib.suppress(FileNotFoundError):
        if service.memory:
            watched["memory"] = str(cgroup.kills(cgroup.folders(pid)).path)
    return watched


def answers(address: str, identity: str, kind: Kind) -> None:
    """Raise NotYet where the server does not answer: first at its port, which is asked faster."""
    check = Check(command=tuple(kind.words(kind.server.ready)))
    listening(address, kind.port, check)
    try:
        command(identity, check)
    except Wrong as error:
        raise NotYet(str(error)) from None


def settle(name: ServiceName) -> None:
    """Remove what is left of links that are over; where that cannot be, it is tried when it next starts."""
    try:
        grant.ask(services.load(name), kind_of(name.kind), kind_of(name.kind).dump.settle)
    except Refusal as refusal:
        containers.say(name, f"could not end an import that was cut off: {refusal}")
    try:
        grant.settle(services.load(name), kind_of(name.kind))
    except Refusal as refusal:
        containers.say(name, f"keeps the user of a link that is over: {refusal}")


def give_up(name: ServiceName, why: str) -> NoReturn:
    """Say why it does not run, and take back what it ran with on trial: systemd starts it again."""
    containers.say(name, why)
    with contextlib.suppress(Refusal):
        if trial.take_back(name):
            containers.say(name, "is started as it was before it was changed")
    sys.exit(why)


def main() -> None:
    os.umask(0o022)
    name = ServiceName.parse(sys.argv[1])
    pace_unit(name.unit)
    try:
        version.start(name, start)
    except Refusal as refusal:
        give_up(name, f"was not ready: {refusal}")
    except Exception as error:
        if no_room := ending.no_room(str(error), f"{name.kind}:limit"):
            give_up(name, f"was not ready: {no_room}")
        give_up(name, f"could not be started by Docker: {error}")
    trial.keep(name)
    containers.set_ready(name)
    settle(name)
    systemd.notify("READY=1")
    os.execv(PYTHON, [PYTHON, "-IS", WAIT, name.key])  # noqa: S606


if __name__ == "__main__":
    main()
