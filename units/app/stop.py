"""ExecStop of mooring-app@: SIGTERM to what runs, SIGKILL after its stop timeout.

python -m units.app.stop my-app.42.web.1
"""

import sys

from mooring.host.names import ContainerName
from mooring.runtime import containers
from units.app.wait import open_process


def stop(container: ContainerName) -> None:
    started = containers.started(container)
    # systemd runs this after a crash too: then there is nothing to stop, and the restart waits for us.
    if started is None or open_process(started["id"], started["pid"]) is None:
        return
    containers.forget(container)
    from mooring.runtime.stop import stop as stop_container

    if stop_container(str(container)):
        containers.say(container, f"{container.label} was told to end, did not in time, and was killed")


if __name__ == "__main__":
    stop(ContainerName.parse(sys.argv[1]))
