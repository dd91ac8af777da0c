"""ExecStop of mooring-app@: SIGTERM to the process, SIGKILL after its stop timeout.

python -m units.stop my-app.42.web.1
"""

import json
import sys

from mooring import paths
from mooring.names import ContainerName
from units.wait import open_process


def main() -> None:
    container = ContainerName.parse(sys.argv[1])
    started = json.loads((paths.RUN / "containers" / str(container)).read_text())
    # systemd runs this after a crash too: then there is nothing to stop, and the restart waits for us.
    if open_process(started["id"], started["pid"]) is None:
        return
    from mooring import engine

    try:
        engine.client().stop(str(container))
    except engine.missing():
        return


if __name__ == "__main__":
    main()
