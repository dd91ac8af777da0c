"""What wait.py becomes for a service: asks now and then whether its server answers, and feeds the watchdog of its unit.

    python -m units.service.alive postgres_orders

Only silence counts: a server that says no is there, and one that is at work on what a crash left says so for long.
"""

import sys
import time

from mooring.app.checks import Check
from mooring.host.names import ServiceName
from mooring.runtime import containers
from mooring.service.kind import of as kind_of
from units.app import question, wait
from units.app.alive import Liveness
from units.app.answers import Silent, Wrong

SILENT = 3
"""So many questions in a row without an answer are a server that hangs."""


def main() -> int:
    name = ServiceName.of_key(sys.argv[1])
    kind = kind_of(name.kind)
    started = containers.started(name) or sys.exit(f"{name} has not been started")
    descriptor = wait.open_process(started["id"], started["pid"])
    every = kind.server.watch
    check = Check("command", command=tuple(kind.words(kind.server.ready)), attempts=SILENT, wait=every, timeout=every)

    def probe() -> None:
        try:
            question.command(started["id"], check)
        except Silent:
            raise Silent(f"it did not answer within {every} s") from None
        except Wrong:
            return

    liveness = Liveness(name, check, probe)
    asked = time.monotonic()

    def ask() -> None:
        nonlocal asked
        if time.monotonic() - asked >= every:
            liveness.ask()
            asked = time.monotonic()

    if descriptor is not None:
        wait.attend(name.key, descriptor, ask, min(every, wait.LOOK))
    return wait.end(name.key, started["id"])


if __name__ == "__main__":
    sys.exit(main())
