"""Say that a container hit one of its limits, and goes on: the waiter starts this.

python -m units.app.limits my-app.42.web.1 memory 2
"""

import sys

from mooring.host.names import ContainerName, ServiceName
from mooring.release import formation, releases
from mooring.release.process import Limits
from mooring.runtime import containers
from mooring.runtime.engine import PIDS_LIMIT


def said(process: str, limits: Limits, kind: str, hits: int) -> str:
    """What is said of so many hits of a limit ("memory" or "pids") of a process like web.1."""
    if kind == "memory":
        which = "a process" if hits == 1 else f"{hits} processes"
        verb = "was" if hits == 1 else "were"
        return f"{which} of {process} {verb} killed at its {formation.size(limits.memory)}; the others run on"
    times = "" if hits == 1 else f" {hits} times"
    return f"{process} was refused a process or thread{times}: its limit is {limits.pids or PIDS_LIMIT}"


def main() -> None:
    name, kind, hits = sys.argv[1:4]
    container, limits = of_service(name) if "." not in name else of_process(name)
    containers.say(container, said(container.label, limits, kind, int(hits)))


def of_process(name: str) -> tuple[containers.Named, Limits]:
    container = ContainerName.parse(name)
    return container, releases.load(container.release).process(container.process).limits


def of_service(key: str) -> tuple[containers.Named, Limits]:
    from mooring.service import services

    name = ServiceName.of_key(key)
    return name, Limits(memory=services.load(name).memory)


if __name__ == "__main__":
    main()
