"""How a container ended, as far as Docker and the kernel know it."""

import time
from typing import Any

from mooring import engine, formation
from mooring.release import Limits

KILLED = 137
"""The exit status of a process that ended by SIGKILL."""
PATIENCE = 0.5
"""Seconds for dockerd to hear of a kill at the memory limit: it may hear of the end before."""


def state_of(container: str, limits: Limits) -> dict[str, Any]:
    """The state of a container (Engine API, ContainerState). Raises EngineError, OSError."""
    until = time.monotonic() + PATIENCE
    while True:
        state: dict[str, Any] = engine.ask("GET", f"/containers/{container}/json")["State"]
        undecided = limits.memory and state.get("ExitCode") == KILLED and not state.get("OOMKilled")
        if not undecided or time.monotonic() > until:
            return state
        time.sleep(0.05)


def why(state: dict[str, Any], limits: Limits, result: str = "") -> str:
    """How a container ended, of its state, and systemd's $SERVICE_RESULT (systemd.exec(5)).

    Docker now and then does not hear of a kill at the limit; somebody's SIGKILL looks the same then.
    """
    status = state.get("ExitCode")
    if result == "watchdog":
        return "did not answer its liveness check"
    if state.get("Running"):
        return "was not ready"
    size = formation.size(limits.memory)
    if state.get("OOMKilled") and limits.memory:
        killed = f"killed at its {size}"
        return f"was {killed}" if status == KILLED else f"ended with status {status}; a process was {killed}"
    if status == KILLED:
        return (
            f"was killed, perhaps at its {size} (status {KILLED})" if limits.memory else f"was killed (status {KILLED})"
        )
    return f"ended with status {status}"
