"""ExecStart of mooring-app@: start the container, tell systemd when its process is ready, wait for its end.

    python -m units.serve my-app.42.web.1

One program for all of it, as every start of a Python is time that requests wait for; the last of it is `wait.py`, in
the place of this.
"""

import os
import sys

from mooring import running, systemd
from mooring.names import ContainerName
from mooring.refusal import Refusal
from units import ready, start

WAIT = "/opt/mooring/current/units/wait.py"
PYTHON = "/usr/bin/python3"


def main() -> None:
    os.umask(0o022)
    container = ContainerName.parse(sys.argv[1])
    start.pace(container)
    start.start_or_say_why(container)
    try:
        ready.wait_for(container)
    except Refusal as refusal:
        start.leave_reason(container, str(refusal))
    running.set_ready(container)
    running.reason_of(container).unlink(missing_ok=True)
    systemd.notify("READY=1")
    os.execv(PYTHON, [PYTHON, "-IS", WAIT, str(container)])  # noqa: S606


if __name__ == "__main__":
    main()
