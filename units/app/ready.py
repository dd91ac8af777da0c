"""Whether a process is ready: for its unit, where active means ready, and for the liveness of what runs.

Watches the container too: one that ends is noticed at once, whatever is being probed.
"""

import contextlib
import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mooring.app.checks import Check
from mooring.host import settings
from mooring.host.names import ContainerName
from mooring.host.refusal import Refusal, die
from mooring.release import releases
from mooring.release.formation import IMAGES_OWN
from mooring.release.process import Process
from mooring.runtime import containers
from mooring.runtime.engine import EngineError
from units.app.answers import NotYet, Wrong
from units.app.wait import open_process

if TYPE_CHECKING:
    from http.client import HTTPResponse

NOT_LISTENING = "nothing listens on port"
PAUSE = 0.05
"""Seconds between two tries to reach a process that does not listen yet; less while it has just been started."""


def listening(address: str, port: int, check: Check) -> None:
    import socket

    try:
        socket.create_connection((address, port), timeout=check.timeout).close()
    except OSError as error:
        raise NotYet(f"{NOT_LISTENING} {port}: {error.strerror or error}") from None


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
            raise Wrong(f"{' '.join(words)[:100]} did not end within {check.timeout:g} s")
        time.sleep(PAUSE)
    if state["ExitCode"]:
        raise Wrong(f"{' '.join(words)[:100]} ended with status {state['ExitCode']}")


def probe_of(check: Check, port: int | None, address: str, identity: str, host: str = "") -> Callable[[], None] | None:
    """How a process with this port is asked; None where being alive is all that can be seen."""
    if check.kind == "image":
        return lambda: image(identity)
    if check.kind == "command":
        return lambda: command(identity, check)
    port = check.port or port
    if port is None or check.kind == "uptime":
        return None
    if check.kind == "path":
        return lambda: path(address, port, check, host)
    return lambda: listening(address, port, check)


def wait(check: Check, probe: Callable[[], None] | None, gone: Callable[[float], bool], budget: float) -> None:
    """Ask until the process is ready; raise Refusal when it ended, or is not ready in `budget` seconds.

    `gone` waits so many seconds for the end of the process and says whether it came.
    """
    began = time.monotonic()
    wrong = 0
    ended = "it ended before it was ready"
    if gone(check.initial_delay):
        die(ended)
    if probe is None:
        if gone(check.uptime):
            die(f"it ended within {check.uptime:g} s")
        return
    while True:
        try:
            probe()
        except (NotYet, EngineError, OSError) as error:
            last, pause = str(error), min(PAUSE, (time.monotonic() - began) / 10 + 0.005)
        except Wrong as error:
            wrong += 1
            last, pause = str(error), check.wait
            if wrong >= check.attempts:
                die(f"{last} ({wrong} times in {time.monotonic() - began:.0f} s)")
        else:
            if gone(0):
                die(ended)
            return
        if gone(pause):
            die(ended)
        if time.monotonic() - began > budget:
            die(f"{last} (for {time.monotonic() - began:.0f} s)")


def killed_at_limit(identity: str, process: Process, gone: Callable[[float], bool]) -> str:
    """What is said of a process that has ended because it had too little memory; else nothing."""
    from mooring.release import formation
    from mooring.runtime import engine
    from units.app import ending

    if not process.limits.memory or not gone(0):
        return ""
    with contextlib.suppress(engine.EngineError, OSError):
        engine.ask("POST", f"/containers/{identity}/wait")
        state = ending.state_of(identity)
        if state.get("ExitCode") == ending.KILLED:
            why = ending.why(state, formation.size(process.limits.memory))
            return f"it {why} before it was ready (`mooring ps:limit` gives it more memory)"
    return ""


def wait_for(container: ContainerName) -> int | None:
    """Return when a container that was started is ready; raise Refusal, with the reason, when it will not be.

    Returns the port on which it was found to answer HTTP, where its record does not decide that.
    """
    from units.app import port

    record = releases.load(container.release)
    process = record.process(container.process)
    started = containers.started(container) or die("it was told to stop")
    check = process.readiness
    descriptor = open_process(started["id"], started["pid"])

    def gone(seconds: float) -> bool:
        return descriptor is None or bool(select.select([descriptor], [], [], seconds)[0])

    address, host = record.address(container), host_of(container)
    probe = probe_of(check, process.port, address, started["id"], host)
    several = None
    if process.ports and check.kind in ("", "listening", "path") and not check.port:
        several = port.Several(
            process.ports, address, host, lambda found: probe_of(check, found, address, started["id"], host)
        )
    try:
        wait(check, several or probe, gone, check.initial_delay + (check.budget or settings.load().checks_timeout))
    except Refusal as refusal:
        why = killed_at_limit(started["id"], process, gone) or str(refusal)
        asked = check.port or process.port
        more = port.advice(container, asked, started["pid"]) if asked and NOT_LISTENING in why else ""
        raise Refusal(f"{why}; {more}" if more else why) from None
    if several:
        return several.found
    if process.name == IMAGES_OWN and process.command is None and not process.port:
        return port.heard(started["pid"], address, host)
    return None


def host_of(container: ContainerName) -> str:
    """The name by which a process is asked: one that it answers to, as frameworks refuse others."""
    from mooring.app.apps import App
    from mooring.front import domains

    app = App(container.release.app)
    return domains.of_process(app, app.choices(), container.process)
