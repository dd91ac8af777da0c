"""How a container ended, as far as Docker and the kernel know it."""

import re
import time
from typing import Any

from mooring.release import formation
from mooring.runtime import engine

KILLED = 137
"""The exit status of a process that ended by SIGKILL."""
PATIENCE = 0.2
"""Seconds for dockerd to hear of a kill at the memory limit: it may hear of the end before."""
NO_ROOM = re.compile(r"unable to set memory limit to ([0-9]+)|init was OOM-killed")
"""What runc(8) says where a limit is less than what it takes to begin: now the one, now the other."""


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


def no_room(said: str, word: str) -> str:
    """What is said of a container that Docker could not start for its memory limit; else nothing.

    `said` is Docker's word, `word` the command that sets the limit.
    """
    found = NO_ROOM.search(said)
    if not found:
        return ""
    limit = formation.size(int(found[1])) if found[1] else "memory limit"
    return f"it was killed at its {limit} before it was ready (`mooring {word}` gives it more memory)"
