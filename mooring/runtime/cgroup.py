"""What the kernel counts of a container: cgroups(7), version 2, or version 1 where the server has that."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path("/sys/fs/cgroup")
UNIFIED = ""
UNLIMITED = 1 << 60
"""Bytes from which on a memory limit is none (version 1 writes a number that large)."""


class Counter(NamedTuple):
    """A number that only grows, after `word` in a file."""

    path: Path
    word: str

    def read(self) -> int:
        """The number; 0 where there is none."""
        try:
            words = self.path.read_text().split()
            return int(words[words.index(self.word) + 1])
        except (OSError, ValueError, IndexError):
            return 0


class Usage(NamedTuple):
    """What a container uses and has used: seconds of processor time, bytes, processes and threads.

    `memory` is without the cache of files, which the kernel takes back when it needs to; its limit is 0 where there is
    none. `throttled` is how many seconds it was held back at its processor limit. `killed` is how many of its processes
    were killed at the memory limit, `refused` how often it was refused a process or thread.
    """

    cpu: float
    memory: int
    memory_limit: int
    pids: int
    throttled: float
    killed: int
    refused: int


def folders(pid: int) -> dict[str, Path]:
    """The cgroup of a process for each controller of version 1, and for UNIFIED, version 2.

    Raises FileNotFoundError where there is no such process.
    """
    found = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            found[controller] = ROOT / controller / path.lstrip("/")
    return found


def kills(of: dict[str, Path]) -> Counter:
    """How many processes were killed at the memory limit (of the machine, with version 2, too)."""
    if "memory" in of:
        return Counter(of["memory"] / "memory.oom_control", "oom_kill")
    return Counter(of[UNIFIED] / "memory.events", "oom_kill")


def refusals(of: dict[str, Path]) -> Counter:
    """How often the limit of processes and threads refused one."""
    return Counter(of.get("pids", of[UNIFIED]) / "pids.events", "max")


def usage(identity: str, pid: int) -> Usage | None:
    """What a container uses, by its id and first process; None if it has ended."""
    try:
        of = folders(pid)
        if not any(identity in str(folder) for folder in of.values()):
            return None
        cpu, throttled = _cpu(of)
        memory, limit = _memory(of)
        count = _number(of.get("pids", of[UNIFIED]) / "pids.current")
    except OSError:
        return None
    return Usage(cpu, memory, limit, count, throttled, kills(of).read(), refusals(of).read())


def _cpu(of: dict[str, Path]) -> tuple[float, float]:
    if "cpuacct" in of:
        used = _number(of["cpuacct"] / "cpuacct.usage") / 1e9
        return used, Counter(of["cpu"] / "cpu.stat", "throttled_time").read() / 1e9
    stat = of[UNIFIED] / "cpu.stat"
    return Counter(stat, "usage_usec").read() / 1e6, Counter(stat, "throttled_usec").read() / 1e6


def _memory(of: dict[str, Path]) -> tuple[int, int]:
    if "memory" in of:
        folder = of["memory"]
        used, cache = _number(folder / "memory.usage_in_bytes"), Counter(folder / "memory.stat", "total_inactive_file")
        limit = _number(folder / "memory.limit_in_bytes")
    else:
        folder = of[UNIFIED]
        used, cache = _number(folder / "memory.current"), Counter(folder / "memory.stat", "inactive_file")
        limit = _number(folder / "memory.max")
    return max(0, used - cache.read()), limit if limit < UNLIMITED else 0


def _number(path: Path) -> int:
    text = path.read_text().strip()
    return int(text) if text.isdigit() else UNLIMITED
