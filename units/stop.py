"""ExecStop of mooring-app@: SIGTERM to the process, SIGKILL after its stop timeout.

    python -m units.stop my-app.42.web.1
"""

import sys

from mooring import engine
from mooring.names import ContainerName


def main() -> None:
    container = ContainerName.parse(sys.argv[1])
    try:
        engine.client().stop(str(container))
    except engine.missing():
        return


if __name__ == "__main__":
    main()
