"""What runs of a container, as its unit's scripts leave it in /run/mooring: its process, and how it last ended."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host import files, paths
from mooring.host.names import ContainerName, ServiceName

JOURNAL = "/run/systemd/journal/socket"
CONTAINERS = paths.RUN / "containers"
REASONS = paths.RUN / "reasons"
ENDS = paths.RUN / "ends"
Named = ContainerName | ServiceName


class End(NamedTuple):
    """How a container ended that was not told to, and when (seconds since the epoch)."""

    why: str
    at: float


def remember(container: Named, identity: str, pid: int, **more: str) -> None:
    """Say what has been started. `more` is for the waiter, which reads it without a parser: keys before id and pid."""
    CONTAINERS.mkdir(parents=True, exist_ok=True)
    files.write(CONTAINERS / container.key, json.dumps({**more, "id": identity, "pid": pid}))


def set_ready(container: Named, **found: str) -> None:
    """Say that what has been started was ready, and what was found by asking: its `port`, that it wants `https`."""
    if table := started(container):
        files.write(CONTAINERS / container.key, json.dumps({"ready": "yes", **found, **table}))


def started(container: Named) -> dict[str, Any] | None:
    """`id` and `pid` of what has been started; None where nothing has, or it was told to stop."""
    try:
        table: dict[str, Any] = json.loads((CONTAINERS / container.key).read_text())
    except FileNotFoundError:
        return None
    return table


def reason_of(container: Named) -> Path:
    """The file that says why a process did not become ready: its unit leaves it, the launch stage tells it."""
    return REASONS / container.key


def forget(container: Named) -> None:
    """Say that it is to end: then its end is none to speak of."""
    (CONTAINERS / container.key).unlink(missing_ok=True)


def leave_end(container: ContainerName, why: str) -> None:
    """Write down how a container ended."""
    ENDS.mkdir(parents=True, exist_ok=True)
    files.write(ENDS / str(container), json.dumps(End(why, round(time.time(), 3))._asdict()))


def last_end(container: ContainerName) -> End | None:
    """How a container last ended; None where it never did, or only when it was told to."""
    try:
        return End(**json.loads((ENDS / str(container)).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def say(container: Named, text: str) -> None:
    """Write a line among those that a container printed: what happened to it.

    In the journal's own protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), for a restart waits for it, and importing the
    library takes longer than all the rest. `text` is one line.
    """
    import socket

    fields = {"MESSAGE": text, "PRIORITY": "4", **container.fields, "MOORING_EVENT": "process"}
    entry = "".join(f"{name}={' '.join(value.splitlines())}\n" for name, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(entry.encode(errors="replace"), JOURNAL)


def forget_ends(app: str, before: int) -> None:
    """Forget how containers of releases before this number ended."""
    for path in ENDS.glob(f"{app}.*"):
        if ContainerName.parse(path.name).release.number < before:
            path.unlink(missing_ok=True)
