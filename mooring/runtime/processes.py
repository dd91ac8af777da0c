"""How the processes of an app are: as systemd, the kernel and their last end say."""

import subprocess
import time
from typing import NamedTuple

from mooring.host.names import ContainerName
from mooring.release import formation
from mooring.release.process import Limits
from mooring.runtime import cgroup, containers

SHOWN = ("Id", "ActiveState", "SubState", "NRestarts", "StateChangeTimestampMonotonic", "RestartUSecNext")
LOOP = 3
"""Restarts within a minute of each other that make a crash loop."""


class State(NamedTuple):
    """What systemd says of a process's unit: `active`, `sub`, since when (seconds since the epoch), restarts in a row.

    `pause` is how long it waits before the next restart, as systemd writes it; empty where it does not say.
    """

    active: str = "unknown"
    sub: str = ""
    since: float = 0
    restarts: int = 0
    pause: str = ""

    @property
    def waits(self) -> bool:
        """Whether it has ended and waits to be started again."""
        return self.sub.startswith("auto-restart")

    @property
    def loops(self) -> bool:
        return self.restarts >= LOOP or (self.waits and self.restarts > 0)


def states(containers: list[ContainerName]) -> dict[ContainerName, State]:
    """The state of each container's unit (systemctl(1), show)."""
    if not containers:
        return {}
    units = {each.unit: each for each in containers}
    argv = ["systemctl", "show", f"--property={','.join(SHOWN)}", *units]
    text = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    found = dict.fromkeys(containers, State())
    booted = time.time() - time.monotonic()
    for block in text.split("\n\n"):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if shown.get("Id") in units:
            monotonic = int(shown.get("StateChangeTimestampMonotonic") or 0) / 1e6
            found[units[shown["Id"]]] = State(
                shown["ActiveState"],
                shown["SubState"],
                booted + monotonic if monotonic else 0,
                int(shown.get("NRestarts") or 0),
                shown.get("RestartUSecNext", ""),
            )
    return found


def usage(container: ContainerName) -> cgroup.Usage | None:
    """What the container uses; None where it does not run."""
    started = containers.started(container)
    return cgroup.usage(started["id"], started["pid"]) if started else None


def note(container: ContainerName, state: State, limits: Limits) -> str:
    """What an operator should know of a process, for people; empty where it just runs."""
    said = []
    end = containers.last_end(container)
    if end:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(end.at))
        said.append(f"{end.why} ({when})")
    if state.waits:
        said.append(f"starts again after {state.pause}" if state.pause else "starts again soon")
    used = usage(container) if limits.memory or limits.pids else None
    if used and used.killed and limits.memory:
        said.append(f"{used.killed} of its processes killed at its {formation.size(limits.memory)}")
    if used and used.refused and limits.pids:
        times = "once" if used.refused == 1 else f"{used.refused} times"
        said.append(f"refused a process {times} at its limit of {limits.pids}")
    return "; ".join(said)


def limits_for_people(limits: Limits) -> str:
    """`256 MiB, 0.5 cpu, 100 pids`; empty for none."""
    said = [
        formation.size(limits.memory) if limits.memory else "",
        f"{limits.cpu:g} cpu" if limits.cpu else "",
        f"{limits.pids} pids" if limits.pids else "",
    ]
    return ", ".join(filter(None, said))
