"""ExecStopPost of mooring-app@: say how the container ended, if it was not told to, and remove it.

python -m units.app.remove my-app.42.web.1
"""

import os
import sys

from mooring.app.apps import App
from mooring.host import paths
from mooring.host.names import ONE_OFF, PHASES, ContainerName
from mooring.runtime import containers, engine
from units.app import ending


def say_why(container: ContainerName, size: str) -> None:
    """Say how the process ended: one that served in the log of its app and to `ps`, a phase to the push.

    `size` is its memory limit. What systemd knows is in $SERVICE_RESULT and $EXIT_STATUS (systemd.exec(5)).
    """
    reason = containers.reason_of(container)
    if os.environ.get("SERVICE_RESULT") == "watchdog":
        text = "did not answer its liveness check"
    elif reason.exists():
        text = f"was not ready: {reason.read_text().strip()}"
    else:
        status = os.environ.get("EXIT_STATUS", "")
        state = {"ExitCode": int(status) if status.isdigit() else status}
        text = ending.why(ending.state_of(str(container)) if size else state, size)
    if container.process in PHASES:
        if "killed" in text:
            reason.parent.mkdir(parents=True, exist_ok=True)
            reason.write_text(f"it {text}\n")
    elif App(container.release.app).live == container.release:
        containers.leave_end(container, text)
        containers.say(container, f"{container.label} {text}")


def main() -> None:
    os.umask(0o022)
    container = ContainerName.parse(sys.argv[1])
    try:
        if (started := containers.started(container)) and container.process != ONE_OFF:
            say_why(container, started.get("size", ""))
    finally:
        engine.remove(str(container))
        containers.forget(container)
        (paths.RUN / "runs" / str(container)).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
