"""ExecStop of mooring-service@: the signal of its definition, SIGKILL after its time.

python -m units.service.stop postgres.orders
"""

import sys

from mooring.host.names import ServiceName
from mooring.runtime import containers
from units.app.wait import open_process


def main() -> None:
    name = ServiceName.parse(sys.argv[1])
    started = containers.started(name)
    # systemd runs this after a crash too: then there is nothing to stop.
    if started is None or open_process(started["id"], started["pid"]) is None:
        return
    containers.forget(name)
    from mooring.runtime import stop

    if stop.stop(name.key):
        containers.say(name, "was told to end, did not in time, and was killed")


if __name__ == "__main__":
    main()
