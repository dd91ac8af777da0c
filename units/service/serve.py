"""ExecStart of mooring-service@: start the container, tell systemd when its server answers, wait for its end.

python -m units.service.serve postgres.orders
"""

import os
import select
import sys

from mooring.app.checks import Check
from mooring.host import systemd
from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal
from mooring.runtime import containers
from mooring.service import grant, instance, services
from mooring.service.kind import Kind
from mooring.service.kind import of as kind_of
from units.app import ready
from units.app.answers import NotYet, Wrong
from units.app.question import command, listening
from units.app.serve import PYTHON, WAIT
from units.app.wait import open_process
from units.service import version


def start(name: ServiceName) -> None:
    """Start it, and return when it answers; raise Refusal where it does not."""
    service = services.load(name)
    kind = kind_of(name.kind)
    identity, pid = instance.start(service, kind)
    containers.remember(name, identity, pid, unit=name.unit)
    descriptor = open_process(identity, pid)

    def gone(seconds: float) -> bool:
        return descriptor is None or bool(select.select([descriptor], [], [], seconds)[0])

    ready.wait(Check(), lambda: answers(service.address, identity, kind), gone, kind.server.timeout)


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


def main() -> None:
    os.umask(0o022)
    name = ServiceName.parse(sys.argv[1])
    try:
        version.start(name, start)
    except Refusal as refusal:
        containers.say(name, f"was not ready: {refusal}")
        sys.exit(str(refusal))
    except Exception as error:
        sys.exit(f"Docker could not start it: {error}")
    containers.set_ready(name)
    settle(name)
    systemd.notify("READY=1")
    os.execv(PYTHON, [PYTHON, "-IS", WAIT, name.key])  # noqa: S606


if __name__ == "__main__":
    main()
