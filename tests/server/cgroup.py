"""A cgroup of its own for every server, in cgroup v1, v2 and the hybrid of both."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.server.cache import call

ROOT = Path("/sys/fs/cgroup")
V1_CONTROLLERS = ("cpu", "cpuacct", "cpuset", "devices", "freezer", "blkio", "pids", "memory")


def unified() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def hierarchies() -> list[Path]:
    """Every mounted hierarchy that a server's processes are to be in a group of its own in."""
    if unified():
        return [ROOT]
    return sorted(path.parent for path in ROOT.glob("*/cgroup.procs") if not path.parent.is_symlink())


def make(name: str) -> None:
    """Make the server's group. The limits of its own that it makes below are the server's business."""
    if unified():
        _delegate()
    for hierarchy in hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            # In v1 a new cpuset is empty, and nothing can run in it.
            if hierarchy.name == "cpuset" and (group / setting).exists():
                (group / setting).write_text((hierarchy / setting).read_text())


def _delegate() -> None:
    """Hand v2's controllers down to the server.

    Where this machine is a container itself, its root group holds processes, and v2 lets only groups
    without any hand controllers down: they move into a group of their own, as Docker-in-Docker does it.
    """
    if (ROOT / "cgroup.type").exists() and not (ROOT / "cgroup.subtree_control").read_text().strip():
        (ROOT / "host").mkdir(exist_ok=True)
        for pid in (ROOT / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                (ROOT / "host" / "cgroup.procs").write_text(pid)
    for controller in (ROOT / "cgroup.controllers").read_text().split():
        with contextlib.suppress(OSError):
            (ROOT / "cgroup.subtree_control").write_text(f"+{controller}")


def enter(name: str) -> None:
    """Move this process into the server's group (between fork and exec of systemd-nspawn)."""
    for hierarchy in hierarchies():
        (hierarchy / name / "cgroup.procs").write_text(str(os.getpid()))


def let_write(enter: list[str]) -> None:
    """Docker needs v1's controllers writable, and systemd-nspawn mounts them read-only; `enter` leads inside."""
    if unified():
        return
    mounts = [f"/sys/fs/cgroup/{name}" for name in V1_CONTROLLERS]
    script = 'for m; do if [ -d "$m" ]; then mount -o remount,rw,bind "$m" || exit; fi; done'
    call(*enter, "sh", "-c", script, "remount", *mounts)


def let_know(run: Callable[[list[str]], object]) -> None:
    """Where systemd looked before they were writable, it takes them for none of its own: let it look again."""
    if not unified():
        run(["sh", "-c", "test -d /sys/fs/cgroup/memory/init.scope || systemctl daemon-reexec"])


def consoles(leader: int) -> list[Path]:
    """The groups that a command at the server's console belongs in: beside the server's first process.

    The group must be one without subgroups in v2 and in systemd's own hierarchy, so it gets one there.
    """
    groups = []
    for line in Path(f"/proc/{leader}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            hierarchy = ROOT if unified() else ROOT / "unified"
        else:
            hierarchy = ROOT / controllers.removeprefix("name=")
        if not hierarchy.exists():
            continue
        group = hierarchy / path.removeprefix("/").removesuffix("init.scope")
        if controllers in ("", "name=systemd"):
            group = group / "console.scope"
            group.mkdir(exist_ok=True)
        groups.append(group)
    return groups


def clear(name: str) -> None:
    """Kill whatever is left in the server's group, and remove it."""
    deadline = time.monotonic() + 10
    while any((hierarchy / name).exists() for hierarchy in hierarchies()):
        for pid in processes(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for hierarchy in hierarchies():
            for group in _deepest_first(hierarchy / name):
                # A process that is dead but not yet waited for is listed nowhere and still counts.
                with contextlib.suppress(OSError):
                    group.rmdir()
        if time.monotonic() > deadline:
            return
        time.sleep(0.01)


def processes(name: str) -> set[int]:
    found: set[int] = set()
    for hierarchy in hierarchies():
        for group in _deepest_first(hierarchy / name):
            with contextlib.suppress(OSError):
                found.update(map(int, (group / "cgroup.procs").read_text().split()))
    return found


def _deepest_first(group: Path) -> Iterator[Path]:
    for folder, _, _ in os.walk(group, topdown=False):
        yield Path(folder)
