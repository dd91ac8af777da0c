"""The questions that a process is asked: whether it is ready, and whether it is alive."""

import contextlib
import re
import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mooring.app.checks import Check
from units.app.answers import NotYet, Silent, Wrong

if TYPE_CHECKING:
    import socket
    from http.client import HTTPResponse

NOT_LISTENING = "nothing listens on port"
PAUSE = 0.05
"""Seconds between two tries to reach a process that does not listen yet; less while it has just been started."""
SENDS_ON = re.compile(rb"HTTP/1\.[01] 30[1278] .*?\r\nlocation: *https://", re.IGNORECASE | re.DOTALL)
MOST_READS = 64
"""How much of an answer is listened to, at 16 KiB each: some never end."""


def connected(address: str, port: int, check: Check) -> "socket.socket":
    import socket

    try:
        return socket.create_connection((address, port), timeout=check.timeout)
    except OSError as error:
        raise NotYet(f"{NOT_LISTENING} {port}: {error.strerror or error}") from None


def listening(address: str, port: int, check: Check) -> None:
    connected(address, port, check).close()


class Answering:
    """GET / until something answers, whatever it says: a port may listen long before anything behind it can.

    It is one question, on a connection that is kept: who is slow would be slower with one more at every try.
    """

    def __init__(self, address: str, port: int, check: Check, host: str) -> None:
        self.address, self.port, self.check = address, port, check
        self.request = f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mooring\r\nConnection: close\r\n\r\n".encode()
        self.asked: socket.socket | None = None
        self.hung_up = False
        self.sends_on = False
        """Whether the answer was that https is the way."""

    def __call__(self) -> None:
        if self.asked is None:
            connection = connected(self.address, self.port, self.check)
            connection.sendall(self.request)
            self.asked = connection
        if not select.select([self.asked], [], [], self.check.timeout)[0]:
            raise NotYet(f"port {self.port} listens, and GET / has got no answer")
        with self.asked as connection:
            self.asked = None
            said = heard(connection)
        # Once may be a crash, noticed before the next try; who does it again does not speak HTTP, or not to us.
        if not said and not self.hung_up:
            self.hung_up = True
            raise NotYet(f"port {self.port} listens, and hung up on GET /")
        self.sends_on = bool(SENDS_ON.match(said))


def heard(connection: "socket.socket") -> bytes:
    """The beginning of what was said, empty where nothing was.

    What follows is listened to as well, as it comes: who is cut short may complain.
    """
    said = b""
    connection.settimeout(PAUSE)
    with contextlib.suppress(OSError):
        for _ in range(MOST_READS):
            part = connection.recv(1 << 14)
            if not part:
                break
            said = said or part
    return said


def path(address: str, port: int, check: Check, host: str = "") -> None:
    """GET the path, by the name of the app; 2xx and 3xx are ready (and hold `content` where that was asked for)."""
    import http.client

    url = f"http://{address}:{port}{check.path}"
    connection = http.client.HTTPConnection(address, port, timeout=check.timeout)
    try:
        connection.request("GET", check.path, headers=headers_of(check, host))
        answer = connection.getresponse()
        body = read(answer, check.timeout).decode(errors="replace")
    except ConnectionRefusedError:
        raise NotYet(f"{NOT_LISTENING} {port}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Wrong(f"GET {url} got no answer: {error or type(error).__name__}") from None
    finally:
        connection.close()
    if not 200 <= answer.status < 400:
        raise Wrong(f"GET {url} answered {answer.status}: {' '.join(body.split())[:200]}")
    if check.content not in body:
        raise Wrong(f"GET {url} answered {answer.status} without {check.content!r}: {' '.join(body.split())[:200]}")


def headers_of(check: Check, host: str) -> dict[str, str]:
    """What a question is sent with; the check's own headers come before ours, however they are written."""
    own = {name.lower() for name in check.headers}
    ours = {"User-Agent": "Mooring", **({"Host": host} if host else {})}
    return {name: value for name, value in ours.items() if name.lower() not in own} | dict(check.headers)


def read(answer: "HTTPResponse", seconds: float) -> bytes:
    """What comes of an answer's body in so many seconds, at most 1 MiB: some answers never end."""
    until = time.monotonic() + seconds
    body = b""
    with contextlib.suppress(TimeoutError):
        while time.monotonic() < until and len(body) < 1 << 20 and (part := answer.read1(1 << 16)):
            body += part
    return body


def image(identity: str) -> None:
    """The image's HEALTHCHECK, as Docker last saw it."""
    from mooring.runtime import engine

    health = engine.ask("GET", f"/containers/{identity}/json")["State"].get("Health", {})
    last = (health.get("Log") or [{}])[-1].get("Output", "").strip()
    if health.get("Status") == "unhealthy":
        raise Wrong(f"its HEALTHCHECK fails: {last[:200]}")
    if health.get("Status") != "healthy":
        raise NotYet(f"its HEALTHCHECK has not passed: {last[:200]}")


def command(identity: str, check: Check) -> None:
    """The check's command, run in the container (Engine API, Exec): it ends with 0 in time."""
    from mooring.runtime import engine

    words = list(check.command)
    made = engine.ask("POST", f"/containers/{identity}/exec", {"Cmd": words, "AttachStdout": True})
    engine.ask("POST", f"/exec/{made['Id']}/start", {"Detach": True})
    until = time.monotonic() + check.timeout
    while (state := engine.ask("GET", f"/exec/{made['Id']}/json"))["Running"]:
        if time.monotonic() > until:
            raise Silent(f"{' '.join(words)[:100]} did not end within {check.timeout:g} s")
        time.sleep(PAUSE)
    if state["ExitCode"]:
        raise Wrong(f"{' '.join(words)[:100]} ended with status {state['ExitCode']}")


def probe_of(check: Check, port: int | None, address: str, identity: str, host: str = "") -> Callable[[], None] | None:
    """How a process with this port is asked; None where being alive is all that can be seen.

    `host` is the name by which people ask for the app.
    """
    if check.kind == "image":
        return lambda: image(identity)
    if check.kind == "command":
        return lambda: command(identity, check)
    own_port = port
    port = check.port or port
    if port is None or check.kind == "uptime":
        return None
    if check.kind == "path":
        return lambda: path(address, port, check, host)
    if check.kind == "" and port == own_port:
        return Answering(address, port, check, host or address)
    return lambda: listening(address, port, check)
