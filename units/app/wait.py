"""What units.app.serve becomes, and ExecStart of what runs once: live as long as the container does, and end as it did.

    python3 -IS units/app/wait.py my-app.42.web.1

Waits on a pidfd (pidfd_open(2)) of the container's first process, so a restart of dockerd goes unnoticed. Imports
as little as it can: this is all of Mooring that stays in memory, once for each process. Where there is a liveness check
it becomes what asks that: `units.app.alive`, `units.service.alive`.
"""

import os
import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Only then: collections alone would be a twentieth of what stays in memory.
    from collections.abc import Callable

PYTHON = "/opt/mooring/venv/bin/python"
CONTAINERS = "/run/mooring/containers/"
SOCKET = "/run/docker.sock"
STABLE = 60
"""Seconds after which a process is no crash loop."""
LOOK = 5
"""Seconds between two looks at whether a limit was hit."""


def open_process(identity: str, pid: int) -> int | None:
    """A pidfd of the container's first process; None if it has ended (and its number may be somebody else's)."""
    try:
        descriptor = os.pidfd_open(pid)
        with open(f"/proc/{pid}/cgroup") as file:  # noqa: PTH123
            belongs = identity in file.read()
    except OSError:
        return None
    return descriptor if belongs else None


def exit_status(identity: str) -> int:
    """What the container ended with (Engine API, POST /containers/ID/wait), asked when it has."""
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(120)
        connection.connect(SOCKET)
        connection.sendall(f"POST /containers/{identity}/wait HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(4096):
            answer += part
    _, found, rest = answer.partition(b'"StatusCode":')
    digits = rest.strip().split(b",")[0].split(b"}")[0].strip()
    return int(digits) if found and digits.isdigit() else 1


def spawn(*argv: str) -> None:
    os.waitpid(os.posix_spawn(argv[0], argv, os.environ), 0)


def fields_of(name: str) -> list[str]:
    """The words of the file that says what was started; a value comes two words after its key."""
    with open(CONTAINERS + name) as file:  # noqa: PTH123
        return file.read().replace('"', " ").replace("{", " ").replace("}", " ").replace(",", " ").split()


def counted(path: str, word: str) -> int:
    """The number after `word` in a file of the kernel's; 0 where there is none."""
    try:
        with open(path) as file:  # noqa: PTH123
            words = file.read().split()
        return int(words[words.index(word) + 1])
    except (OSError, ValueError):
        return 0


def attend(name: str, process: int, ask: "Callable[[], None] | None" = None, every: float = LOOK) -> None:
    """Wait for the end of a process; meanwhile say when it hits a limit, and `ask` it every so many seconds.

    systemd counts restarts, and slows them down, until it is told to forget them: what runs for a minute is.
    """
    fields = fields_of(name)
    looks = [(key, fields[fields.index(key) + 2], word) for key, word in (("memory", "oom_kill"), ("pids", "max"))
             if key in fields]  # fmt: skip
    seen = [counted(path, word) for _, path, word in looks]
    looking = bool(looks or ask)
    left: float | None = None if "once" in fields else STABLE
    while not select.select([process], [], [], every if looking else left)[0]:
        if left is not None and (left := left - every if looking else 0) <= 0:
            left = None
            unit = fields[fields.index("unit") + 2] if "unit" in fields else f"mooring-app@{name}.service"
            spawn("/usr/bin/systemctl", "reset-failed", unit)
        for index, (key, path, word) in enumerate(looks):
            before, seen[index] = seen[index], counted(path, word)
            if seen[index] > before:
                spawn(PYTHON, "-I", "-m", "units.app.limits", name, key, str(seen[index] - before))
        if ask:
            ask()


def end(name: str, identity: str) -> int:
    """Say how the container ended; return the exit status for the unit."""
    status = exit_status(identity)
    if status:
        print(f"{name} ended with status {status}", file=sys.stderr)
    return min(status, 255)


def main() -> int:
    name = sys.argv[1]
    fields = fields_of(name)
    identity, pid = fields[fields.index("id") + 2], int(fields[-1])
    process = open_process(identity, pid)
    if process is not None:
        if "liveness" in fields:
            os.execv(PYTHON, [PYTHON, "-I", "-m", fields[fields.index("liveness") + 2], name])  # noqa: S606
        attend(name, process)
    return end(name, identity)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
