"""ExecStopPost of mooring-app@: say how the container ended, if it was not told to, and remove it.

python -m units.remove my-app.42.web.1
"""

import os
import sys

from mooring import engine, journal, paths, release, running
from mooring.names import ONE_OFF, RELEASE_PHASE, ContainerName
from units import ending


def say_why(container: ContainerName) -> None:
    """Say how a process that served ended, in the log of its app and for `ps`; of the release phase, to the push."""
    record = release.load(container.release)
    limits = record.process(container.process).limits
    state = ending.state_of(str(container), limits)
    text = ending.why(state, limits, os.environ.get("SERVICE_RESULT", ""))
    reason = paths.RUN / "reasons" / str(container)
    if container.process == RELEASE_PHASE:
        if limits.memory and (state.get("OOMKilled") or state.get("ExitCode") == ending.KILLED):
            reason.parent.mkdir(parents=True, exist_ok=True)
            reason.write_text(f"it {text}\n")
    elif record.status == "live":
        if state.get("Running") and reason.exists():
            text = f"was not ready: {reason.read_text().strip()}"
        running.leave_end(container, text)
        journal.say_of(container, f"{container.process}.{container.index} {text}")


def main() -> None:
    os.umask(0o022)
    container = ContainerName.parse(sys.argv[1])
    try:
        if running.started(container) and container.process != ONE_OFF:
            say_why(container)
    finally:
        engine.remove(str(container))
        running.forget(container)
        (paths.RUN / "runs" / str(container)).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
