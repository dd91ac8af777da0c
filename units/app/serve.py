"""ExecStart of mooring-app@: start the container, tell systemd when its process is ready, wait for its end.

    python -m units.app.serve my-app.42.web.1

One program for all of it, as every start of a Python is time that requests wait for; the last of it is `wait.py`, in
the place of this.
"""

import os
import sys

from mooring.host import systemd
from mooring.host.names import ContainerName
from mooring.host.refusal import Refusal
from mooring.runtime import containers
from units.app import ready, start

WAIT = "/opt/mooring/current/units/app/wait.py"
PYTHON = "/usr/bin/python3"


def main() -> None:
    os.umask(0o022)
    container = ContainerName.parse(sys.argv[1])
    start.pace(container)
    start.start_or_say_why(container)
    try:
        found = ready.wait_for(container)
    except Refusal as refusal:
        start.leave_reason(container, str(refusal))
    containers.set_ready(container, **found)
    containers.reason_of(container).unlink(missing_ok=True)
    systemd.notify("READY=1")
    os.execv(PYTHON, [PYTHON, "-IS", WAIT, str(container)])  # noqa: S606


if __name__ == "__main__":
    main()
