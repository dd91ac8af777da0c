"""ExecStop of mooring-cron@: SIGTERM to what a run has started, SIGKILL after the stop timeout.

python -m units.cron.stop my-app.report
"""

import sys

from mooring.cron import history
from mooring.host.names import ContainerName
from units.app import stop


def main() -> None:
    if run := history.of_instance(sys.argv[1]):
        stop.stop(ContainerName.parse(run.container))


if __name__ == "__main__":
    main()
