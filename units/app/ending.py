"""How a container ended, as far as Docker and the kernel know it."""

import time
from typing import Any

from mooring.runtime import engine

KILLED = 137
"""The exit status of a process that ended by SIGKILL."""
PATIENCE = 0.2
"""Seconds for dockerd to hear of a kill at the memory limit: it may hear of the end before."""


def state_of(container: str) -> dict[str, Any]:
    """The state of a container that has a memory limit (Engine API, ContainerState). Raises EngineError, OSError."""
    until = time.monotonic() + PATIENCE
    while True:
        state: dict[str, Any] = engine.ask("GET", f"/containers/{container}/json")["State"]
        undecided = state.get("ExitCode") == KILLED and not state.get("OOMKilled")
        if not undecided or time.monotonic() > until:
            return state
        time.sleep(0.05)


def why(state: dict[str, Any], size: str = "") -> str:
    """How a container ended, of its state; `size` is its memory limit, e.g. 256 MiB.

    Docker now and then does not hear of a kill at the limit; somebody's SIGKILL looks the same then.
    """
    status = state.get("ExitCode")
    if state.get("OOMKilled") and size:
        killed = f"killed at its {size}"
        return f"was {killed}" if status == KILLED else f"ended with status {status}; a process was {killed}"
    if status == KILLED:
        return f"was killed, perhaps at its {size} (status {KILLED})" if size else f"was killed (status {KILLED})"
    return f"ended with status {status}"
