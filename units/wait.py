"""ExecStart of mooring-app@: live as long as the container does, and end as it did.

    python3 -IS units/wait.py my-app.42.web.1

Waits on a pidfd (pidfd_open(2)) of the container's first process, so a restart of dockerd goes unnoticed. Imports
as little as it can: this is all of Mooring that stays in memory, once for each process.
"""

import os
import select
import sys

CONTAINERS = "/run/mooring/containers/"
SOCKET = "/run/docker.sock"
STABLE = 60
"""Seconds after which a process is no crash loop."""


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


def forget_restarts(unit: str) -> None:
    """Let the next crash be restarted at once: systemd counts restarts, and slows them down, for as long as it runs."""
    os.waitpid(os.posix_spawn("/usr/bin/systemctl", ["systemctl", "reset-failed", unit], os.environ), 0)


def main() -> int:
    with open(CONTAINERS + sys.argv[1]) as file:  # noqa: PTH123
        fields = file.read().replace('"', " ").replace("}", " ").replace(",", " ").split()
    identity, pid = fields[fields.index("id") + 2], int(fields[-1])
    descriptor = open_process(identity, pid)
    if descriptor is not None and not select.select([descriptor], [], [], STABLE)[0]:
        forget_restarts(f"mooring-app@{sys.argv[1]}.service")
        select.select([descriptor], [], [])
    status = exit_status(identity)
    if status:
        print(f"{sys.argv[1]} ended with status {status}", file=sys.stderr)
    return min(status, 255)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
