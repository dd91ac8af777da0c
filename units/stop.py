"""ExecStop of mooring-app@: SIGTERM to the process, SIGKILL after its stop timeout.

python -m units.stop my-app.42.web.1
"""

import sys

from mooring import running
from mooring.names import ContainerName
from units.wait import open_process


def main() -> None:
    container = ContainerName.parse(sys.argv[1])
    started = running.started(container)
    # systemd runs this after a crash too: then there is nothing to stop, and the restart waits for us.
    if started is None or open_process(started["id"], started["pid"]) is None:
        return
    running.forget(container)
    from mooring import engine

    engine.stop(str(container))


if __name__ == "__main__":
    main()
