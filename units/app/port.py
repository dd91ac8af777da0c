"""On which port a process answers HTTP, where its source leaves that open, and what is said where none does."""

import socket
import time
from collections.abc import Callable, Sequence

from mooring.host.names import ContainerName
from mooring.release.process import DEFAULT_PORT
from mooring.runtime import sockets
from units.app.answers import NotYet

PATIENCE = 5.0
"""Seconds that a port which comes first may still be silent when a later one answers."""
TIMEOUT = 2.0


def speaks_http(address: str, port: int, host: str) -> bool | None:
    """Whether what listens there answers HTTP, whatever it says; None where it says nothing, or nothing listens."""
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mooring\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((address, port), timeout=TIMEOUT) as connection:
            connection.sendall(request.encode())
            answer = connection.recv(5, socket.MSG_WAITALL)
    except OSError:
        return None
    return answer == b"HTTP/"


class Several:
    """A probe of several ports, in the order in which they are likely: the first that answers HTTP is `found`.

    Then `probe_of` it is what is asked. Where none answers HTTP, it is the first that is listened on.
    """

    def __init__(
        self, ports: Sequence[int], address: str, host: str, probe_of: Callable[[int], Callable[[], None] | None]
    ) -> None:
        self.ports = ports
        self.address = address
        self.host = host
        self.probe_of = probe_of
        self.found: int | None = None
        self.probe: Callable[[], None] | None = None
        self.since: float | None = None

    def __call__(self) -> None:
        if self.found is None:
            self.found = self.look()
            self.probe = self.probe_of(self.found)
        if self.probe:
            self.probe()

    def look(self) -> int:
        """The port; raise NotYet where it is not decided yet."""
        answers = {port: speaks_http(self.address, port, self.host) for port in self.ports}
        silent = [port for port in self.ports if answers[port] is None]
        listened = [port for port in self.ports if answers[port] or (port in silent and self.listens(port))]
        if self.since is None and listened:
            self.since = time.monotonic()
        patient = self.since is None or time.monotonic() - self.since < PATIENCE
        for port in self.ports:
            if answers[port]:
                return port
            if port in silent and patient:
                break
        if patient or not listened:
            raise NotYet(f"nothing answers HTTP on port {' or '.join(map(str, self.ports))}")
        return listened[0]

    def listens(self, port: int) -> bool:
        try:
            socket.create_connection((self.address, port), timeout=TIMEOUT).close()
        except OSError:
            return False
        return True


def heard(pid: int, address: str, host: str) -> int | None:
    """The port on which a container answers HTTP, though nothing says that it has one: PORT before all others."""
    ports = {each.port for each in sockets.listening(pid) if each.reachable}
    return next((port for port in sorted(ports, key=lambda each: (each != DEFAULT_PORT, each))
                 if speaks_http(address, port, host)), None)  # fmt: skip


def advice(container: ContainerName, port: int, pid: int) -> str:
    """What is said where nothing listens on a port: on which others something does; empty for none."""
    found = sockets.listening(pid)
    if any(each.port == port and not each.reachable for each in found):
        return f"it listens on port {port} for its own container alone: let it listen on 0.0.0.0"
    others = [each.port for each in found if each.reachable]
    if not others:
        return ""
    app = container.release.app
    choose = f"`mooring ports:set {app} {others[0]}`, or let it listen on $PORT"
    return f"it listens on port {' and '.join(map(str, others))}: {choose}"
