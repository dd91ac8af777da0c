"""ExecStopPost of mooring-service@: say how it ended, if it was not told to, and remove the container.

python -m units.service.remove postgres.orders
"""

import contextlib
import os
import sys

from mooring.host.names import ServiceName
from mooring.release import formation
from mooring.runtime import containers, engine, server
from mooring.service import services
from units.app import ending


def why(name: ServiceName) -> str:
    """How it ended, at its memory limit too."""
    if os.environ.get("SERVICE_RESULT") == "watchdog":
        return "did not answer, and is started anew"
    service = services.look(name)
    size = formation.size(service.memory) if service and service.memory else ""
    status = os.environ.get("EXIT_STATUS", "")
    state = {"ExitCode": int(status) if status.isdigit() else status}
    with contextlib.suppress(engine.EngineError, OSError):
        state = ending.state_of(name.key) if size else state
    return ending.why(state, size)


def main() -> None:
    name = ServiceName.parse(sys.argv[1])
    try:
        if (started := containers.started(name)) and "ready" in started:
            containers.say(name, why(name))
    finally:
        server.remove_containers(name)
        containers.forget(name)


if __name__ == "__main__":
    main()
