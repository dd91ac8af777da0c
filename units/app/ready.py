"""Whether a process is ready: for its unit, where active means ready, and for the liveness of what runs.

Watches the container too: one that ends is noticed at once, whatever is being probed.
"""

import contextlib
import select
import time
from collections.abc import Callable

from mooring.app.apps import App
from mooring.app.checks import Check
from mooring.front import domains
from mooring.host import settings
from mooring.host.names import ContainerName
from mooring.host.refusal import Refusal, die
from mooring.release import releases
from mooring.release.process import Process
from mooring.runtime import containers
from mooring.runtime.engine import EngineError
from units.app.question import PAUSE, NotYet, Wrong, probe_of
from units.app.wait import open_process


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


def host_of(app: App) -> str:
    """The name by which people ask for the app: some answer no other. Empty where none is known."""
    try:
        return domains.primary(app, app.choices())
    except Refusal:
        return ""


def wait_for(container: ContainerName) -> None:
    """Return when a container that was started is ready; raise Refusal, with the reason, when it will not be."""
    record = releases.load(container.release)
    process = record.process(container.process)
    started = containers.started(container) or die("it was told to stop")
    address = record.address(container)
    host = host_of(App(record.name.app)) or address
    descriptor = open_process(started["id"], started["pid"])

    def gone(seconds: float) -> bool:
        return descriptor is None or bool(select.select([descriptor], [], [], seconds)[0])

    try:
        for check in (process.readiness, *process.readiness.others):
            wait(
                check,
                probe_of(check, process.port, address, started["id"], host),
                gone,
                check.initial_delay + (check.budget or settings.load().checks_timeout),
            )
    except Refusal as refusal:
        raise Refusal(killed_at_limit(started["id"], process, gone) or str(refusal)) from None
