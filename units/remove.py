"""ExecStopPost of mooring-app@: remove the container, however the process ended.

python -m units.remove my-app.42.web.1
"""

import sys

from mooring import engine, paths
from mooring.names import ContainerName


def main() -> None:
    container = ContainerName.parse(sys.argv[1])
    engine.remove(str(container))
    for left in ("containers", "runs"):
        (paths.RUN / left / str(container)).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
